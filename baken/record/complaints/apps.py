from django.apps import AppConfig


class ComplaintsConfig(AppConfig):
    name = "baken.record.complaints"
    label = "complaints"
