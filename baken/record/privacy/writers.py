"""Nobody writes for who was erased, not even by a request that began before.

Whatever somebody wrote is sealed on its way into a row, and there this is asked, wherever it comes from. It keeps the
rows of the organisation and of the person whose text it is, by the rules of erasure, until the transaction ends: with
the lock that a foreign key takes anyway. An erasure takes these rows for itself before anything else. So it waits for
what is being written, and whoever comes later finds that they are erased.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from uuid import UUID

from django.db import connection, models

from baken.record.orgs.erasure import Fate, Rule, texts_of_a_person
from baken.record.orgs.fields import WrittenField
from baken.record.people.access import OF_A_CUSTOMER, Conflict
from baken.record.privacy.rules import RULES

KEEP = "SELECT erased_at IS NOT NULL FROM people_user WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"
"""It tells what is so after it has waited."""


def keep(column: WrittenField, rows: Sequence[models.Model], erased: bool) -> None:
    """Let nobody erase whose texts these are until the transaction ends. Raises Conflict when somebody is erased.

    erased: whether one of their organisations is. Those are held already (`keys.hold`), first, as an erasure does.
    """
    if erased:
        raise Conflict(OF_A_CUSTOMER)
    rule = _rules().get(column.model)
    if rule is not None and column.attname in texts_of_a_person(rule):
        people = {getattr(row, rule.person) for row in rows} - {None}
        if people and any(_kept(people)):
            raise Conflict("This person was erased; nothing can be written in their name any more.")


@cache
def _rules() -> dict[type[models.Model], Rule]:
    """By model, the rules of texts that are a person's, where the row itself says whose."""
    return {
        rule.model: rule
        for rule in RULES
        if rule.person and "__" not in rule.person and rule.with_person is not Fate.STAYS
    }


def _kept(people: Iterable[UUID]) -> list[bool]:
    """Of each person who is there, kept from now on, whether they are erased."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [list(people)])
        return [erased for (erased,) in cursor.fetchall()]
