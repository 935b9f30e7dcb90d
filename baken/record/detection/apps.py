from django.apps import AppConfig


class DetectionConfig(AppConfig):
    name = "baken.record.detection"
    label = "detection"
