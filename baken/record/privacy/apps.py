from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "baken.record.privacy"
    label = "privacy"
