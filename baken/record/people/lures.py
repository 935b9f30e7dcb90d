"""Addresses of honey accounts. Whoever is asked for one finds out here, as the program: nobody else may learn them."""

from baken.record.orgs.search import folded
from baken.record.people.access import program
from baken.record.people.acting import acting
from baken.record.people.models import HoneyToken

HONEY = program("honey")
"""Whoever uses a honey token may not learn that it is one, nor read any."""


def accounts(email: str) -> list[HoneyToken]:
    """The honey tokens that are accounts with this address, in any case."""
    wanted = folded(email)
    with acting(HONEY):
        rows = HoneyToken.objects.filter(kind=HoneyToken.Kind.ACCOUNT, removed_at=None)
        return [row for row in rows if folded(row.lure) == wanted]
