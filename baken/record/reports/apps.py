from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "baken.record.reports"
    label = "reports"
