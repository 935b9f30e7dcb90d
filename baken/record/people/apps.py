from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "baken.record.people"
    label = "people"
