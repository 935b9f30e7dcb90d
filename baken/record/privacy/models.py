"""Who was erased, and how far that is."""

from typing import Any

from django.db import models

from baken.record.orgs.fields import CodeField, IdField


class SigningKey(models.Model):
    """What tombstones are signed with, wrapped by the root key. There is one, made with the first tombstone."""

    id = IdField()
    wrapped: Any = models.BinaryField()


class Tombstone(models.Model):
    """That a person or an organisation was erased, signed. It names them by their id alone.

    `organisation_id` is theirs. `previous` and `signature` chain it to the one before; see `privacy.tombstones`.
    `total`, `done` and `finished_at` say how far the erasure is, and are not signed.
    """

    class Kind(models.TextChoices):
        PERSON = "person"
        ORGANISATION = "organisation"

    id = IdField()
    number = models.PositiveIntegerField(unique=True)
    kind = CodeField(choices=Kind)
    subject = models.UUIDField()
    organisation_id = models.UUIDField()
    at = models.DateTimeField()
    previous = CodeField(max_length=64)
    signature = CodeField(max_length=100)
    total = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="erased_once")]
        ordering = ["number"]
