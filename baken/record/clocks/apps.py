from django.apps import AppConfig


class ClocksConfig(AppConfig):
    name = "baken.record.clocks"
    label = "clocks"
