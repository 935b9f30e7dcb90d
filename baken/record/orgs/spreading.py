"""Waiting until every process knows of a change to the keys.

A process trusts what it knows for `keys.FRESH` seconds, and a transaction that began before may still write by it.
"""

import time
from datetime import datetime

from django.db import connection

from baken.record.orgs import keys

MARGIN = 2.0  # seconds: clocks of two machines differ a little


def wait(since: datetime) -> None:
    """Until no process goes by what was so before `since`, and every transaction from before that is over."""
    while time.time() < since.timestamp() + keys.FRESH + MARGIN:
        time.sleep(0.2)
    wait_for_transactions()


def wait_for_transactions() -> None:
    """Until every transaction that is under way now is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        mine = cursor.fetchone()[0]
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8", [mine])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.2)
