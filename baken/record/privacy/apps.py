from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "baken.record.privacy"
    label = "privacy"

    def ready(self) -> None:
        from baken.record.orgs.rewrapping import Other, register
        from baken.record.privacy import tombstones

        register(Other(tombstones.wrapped_by, tombstones.rewrap))
