from django.apps import AppConfig


class AuditsConfig(AppConfig):
    name = "baken.record.audits"
    label = "audits"
