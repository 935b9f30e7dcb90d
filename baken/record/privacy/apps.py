from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "baken.record.privacy"
    label = "privacy"

    def ready(self) -> None:
        """The key of the tombstones is wrapped anew with every other key."""
        from baken.record.orgs.rewrapping import Other, register
        from baken.record.privacy import tombstones

        register(Other(tombstones.wrapped_under, tombstones.rewrap))
