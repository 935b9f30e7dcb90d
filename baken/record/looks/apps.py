from django.apps import AppConfig


class LooksConfig(AppConfig):
    name = "baken.record.looks"
    label = "looks"
