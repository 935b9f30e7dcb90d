from django.apps import AppConfig


class OrgsConfig(AppConfig):
    name = "baken.record.orgs"
    label = "orgs"
