from django.apps import AppConfig


class MonitorsConfig(AppConfig):
    name = "baken.record.monitors"
    label = "monitors"
