from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OrgsConfig(AppConfig):
    name = "baken.record.orgs"
    label = "orgs"

    def ready(self) -> None:
        post_migrate.connect(_schema_made, sender=self)


def _schema_made(**_: Any) -> None:
    """Also after a database was emptied."""
    from baken.record.orgs import indexkeys

    indexkeys.ensure()
