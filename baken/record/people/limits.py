"""How often programs and people may ask: token buckets in the database, the same for every process and machine.

A bucket holds as many requests as its policy allows in a window, and fills evenly. It is kept as one instant: until
when the requests made so far use it up. `key` is a digest: who asked, or from where, cannot be read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from baken.record.ledger import clock
from baken.record.orgs.search import standing_for
from baken.record.people.models import Allowance

WINDOW = timedelta(minutes=1)
POLICIES = ("reads", "writes", "address", "failures", "probers", "alerts", "pages", "posts", "visitors")
"""Of the API: per token, reading and changing; per network address, whatever its token; per address, without a valid
token or signature; per location, for its prober; per token and source, sending alerts. Of the pages: per person,
reading and changing; per address, without being signed in."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a bucket stands after a request. remaining: requests that may follow at once. full_in: seconds until all."""

    policy: str
    quota: int
    remaining: int
    full_in: int


class TooOften(Exception):
    """A bucket is empty. `wait`: seconds until the next request."""

    def __init__(self, standing: Standing, wait: int) -> None:
        super().__init__(f"At most {standing.quota} requests a minute ({standing.policy}); try again in {wait} s.")
        self.standing, self.wait = standing, wait


USED = """
CASE WHEN held.used_until > %(now)s::timestamptz + %(window)s THEN %(now)s ELSE greatest(held.used_until, %(now)s) END
"""
"""Until when a bucket is used up. What lies beyond the window a clock wrote that was ahead: nobody waits for that."""
SPEND = f"""
INSERT INTO people_allowance AS held (key, used_until) VALUES (%(key)s, %(now)s::timestamptz + %(share)s)
ON CONFLICT (key) DO UPDATE SET used_until = {USED} + %(share)s
WHERE {USED} + %(share)s <= %(now)s::timestamptz + %(window)s
RETURNING used_until
"""  # noqa: S608  our own text


def spend(policy: str, whose: str) -> Standing | None:
    """Take one request from a bucket; how it stands then, None when the policy is switched off. Raises TooOften."""
    quota: int = settings.BAKEN_LIMITS[policy]
    if not quota:
        return None
    now, share = clock.now(), WINDOW / quota
    key = standing_for("allowance", f"{policy}:{whose}".encode())
    with connection.cursor() as cursor:
        given: dict[str, Any] = {"key": key, "now": now, "share": share, "window": WINDOW}
        cursor.execute(SPEND, given)
        spent = cursor.fetchone()
    if spent is None:
        until = Allowance.objects.filter(key=key).values_list("used_until", flat=True).first() or now
        raise TooOften(_standing(policy, quota, until, now), max(1, _seconds(until + share - WINDOW - now)))
    return _standing(policy, quota, spent[0], now)


def tidy() -> None:
    """Forget buckets that are full again."""
    Allowance.objects.filter(used_until__lte=clock.now()).delete()


def _standing(policy: str, quota: int, used_until: datetime, now: datetime) -> Standing:
    free = now + WINDOW - used_until
    return Standing(policy, quota, max(0, int(free / (WINDOW / quota))), max(0, _seconds(used_until - now)))


def _seconds(length: timedelta) -> int:
    return -(-length // timedelta(seconds=1))
