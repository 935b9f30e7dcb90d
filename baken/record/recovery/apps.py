from django.apps import AppConfig


class RecoveryConfig(AppConfig):
    name = "baken.record.recovery"
    label = "recovery"
