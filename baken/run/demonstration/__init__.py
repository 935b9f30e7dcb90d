"""The demonstration: a provider with a year of history, made up from a seed, and taken away again."""

from collections.abc import Callable
from datetime import UTC, datetime

from baken.record.people.access import Role
from baken.run.demonstration.making import make_year
from baken.run.demonstration.passwords import PUBLISHED, withdraw_published, words
from baken.run.demonstration.removing import Kept, forget_removal, remove, was_removed
from baken.run.demonstration.world import CUSTOMERS, STAFF

__all__ = ["PUBLISHED", "Kept", "make", "remove", "sign_ins", "was_removed", "withdraw_published"]

SEED, MONTHS = 20160301, 12


def make(say: Callable[[str], None], *, seed: int = SEED, months: int = MONTHS, end: datetime | None = None) -> None:
    """Make the provider and its history of `months` months before the one of `end` (now); `say` hears of progress.

    The same seed and end give the same history. All of it or nothing. Raises Conflict where there is a provider.
    """
    make_year(say, seed=seed, months=months, end=end or datetime.now(UTC))
    forget_removal()


def sign_ins() -> list[str]:
    """Who can sign in, as lines for whoever looks at the demonstration first."""
    first = {role: (email, name) for email, name, role in reversed(STAFF)}
    customer = CUSTOMERS["veldrade"]
    people = [(role.value, *first[role]) for role in Role if role in first]
    people.append(("customer", customer[3][0][0], f"{customer[3][0][1]}, {customer[0]}"))
    return [
        "This is a demonstration: a made-up provider with a year of history. Sign in as one of its people,",
        f"all with {words()}",
        *(f"  {role:14} {email:32} {name}" for role, email, name in people),
        "`baken demo remove` takes it away, for an installation of your own.",
    ]
