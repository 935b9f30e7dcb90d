"""Facts. The table is append-only: the database itself refuses update, delete and truncate."""

from django.db import models

from baken.record.orgs.fields import CodeField


class LedgerFact(models.Model):
    """One thing that happened, on one stream, chained to the fact before it.

    `at` is when it happened, `recorded` when it was written down. `data` holds codes and times only. `hash` covers
    every other column and the hash of the stream's previous fact, so that a change anywhere breaks the chain from
    there on. A column `written_by` (xid8), kept by the database, tells followers which facts are safe to read past.
    """

    position = models.BigAutoField(primary_key=True)
    organisation_id = models.UUIDField()
    stream_kind = CodeField(max_length=32)
    stream_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    kind = CodeField()
    at = models.DateTimeField()
    recorded = models.DateTimeField()
    actor = CodeField(max_length=80)
    data = models.JSONField()
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream_id", "seq"], name="one_fact_per_place")]
        indexes = [models.Index(fields=["stream_kind", "position"], name="ledger_by_kind")]
