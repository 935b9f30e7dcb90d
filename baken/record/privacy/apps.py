from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "baken.record.privacy"
    label = "privacy"

    def ready(self) -> None:
        """The key of the tombstones is wrapped anew with every other key, and nobody writes for who was erased."""
        from baken.record.orgs import fields
        from baken.record.orgs.rewrapping import Other, register
        from baken.record.privacy import tombstones, writers

        register(Other(tombstones.wrapped_under, tombstones.rewrap, tombstones.verify))
        fields.before_sealing.append(writers.keep)
