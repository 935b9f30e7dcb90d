"""How long raw results are kept: changes of state are on the ledger for ever, single checks are not."""

from datetime import timedelta

from django.db import connection, transaction

from baken.record.ledger import clock
from baken.record.monitors import project

KEPT = timedelta(days=90)
AHEAD = 7
"""Days for which there is room already, so that no result waits for a partition to be made."""


def tidy_results() -> list[str]:
    """Make room for the days ahead and drop the days that are over `KEPT`; the partitions that were dropped.

    Waits a few seconds at most for a table that is in use, and leaves it for the next time then.
    """
    today = clock.now().date()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        project.make_partitions(today + timedelta(days=ahead) for ahead in range(AHEAD + 1))
        return project.drop_partitions(today - KEPT)
