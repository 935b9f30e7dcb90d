from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "baken.record.incidents"
    label = "incidents"
