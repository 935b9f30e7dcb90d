"""Tags and filters of the desk's pages: clock badges, codes in words, quoted text."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import template
from django.utils.translation import gettext

from baken.record.incidents.models import Incident, Message
from baken.record.people.models import User
from baken.show.web.desk import words
from baken.show.web.desk.badges import Badge

register = template.Library()

VOCABULARY: dict[str, words.Words] = {
    "status": words.STATUS,
    "outcome": words.OUTCOME,
    "priority": words.PRIORITY,
    "class": words.CLASS,
    "origin": words.ORIGIN,
    "waiting": words.WAITING,
    "clock": words.CLOCK,
    "impact": words.IMPACT,
    "urgency": words.URGENCY,
    "reason": words.REASON,
    "decision": words.DECISION,
    "left_out": words.LEFT_OUT,
    "step": words.STEP,
    "standing": words.STANDING,
}
FOLDED_FROM = 3
"""So many quoted lines are folded; fewer are read as they stand."""


@register.inclusion_tag("desk/badge.html")
def clock_badge(badge: Badge, number: int, suffix: str = "", in_full: bool = False) -> dict[str, Any]:
    """A clock badge that explains itself and leads to the explanation.

    suffix makes its id unique on the page. in_full: in a sentence beside the ring instead of a word or two.
    """
    return {"badge": badge, "number": number, "id": f"clock-{number}-{badge.name}{suffix}", "in_full": in_full}


@register.filter
def in_words(code: object, vocabulary: str) -> str:
    """A code in words: `{{ incident.priority|in_words:"priority" }}`. An unknown code stays as it is."""
    return str(VOCABULARY[vocabulary].get(str(code), code))


@register.filter
def standing(incident: Incident) -> str:
    """Where an incident stands, in a few words: why it does not count, whom it waits for, or its status."""
    if incident.outcome:
        return str(words.OUTCOME[incident.outcome])
    if incident.waiting_on and incident.status == Incident.Status.WAITING:
        return gettext("waiting for %(whom)s") % {"whom": words.WAITING[incident.waiting_on]}
    return str(words.STATUS[incident.status])


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a message: quoted or not."""

    quoted: bool
    text: str


@register.filter
def parts(body: str) -> list[Part]:
    """A message cut into what was written and what was quoted; short quotations stay where they are."""
    found: list[Part] = []
    for quoted, text in _runs(body):
        if found and found[-1].quoted == quoted:
            found[-1] = Part(quoted, f"{found[-1].text}\n{text}")
        else:
            found.append(Part(quoted, text))
    return found


def _runs(body: str) -> Iterator[tuple[bool, str]]:
    for quoted, group in groupby(body.splitlines(), key=lambda line: line.lstrip().startswith(">")):
        lines = list(group)
        yield quoted and len(lines) >= FOLDED_FROM, "\n".join(lines)


@register.filter
def side(message: Message) -> str:
    """Whose words these are, for their look: `note`, `customer` or `desk`. What a caller said is the customer's."""
    if not message.visible:
        return "note"
    told = message.kind == Message.Kind.REPORT and message.author_id is not None
    return "customer" if told or getattr(message, "by_customer", False) else "desk"


@register.filter
def author(message: Message) -> str:
    """The name of whoever wrote a message: a person, or the kind of machine."""
    machine = message.actor.partition(":")[0]
    if message.author and message.author.erased_at:
        return gettext("Somebody who was erased")
    return str(message.author) if message.author else str(words.ACTOR.get(machine, machine))


@register.filter
def face(user: User | None) -> str:
    """The letters that stand for a person."""
    names = str(user or "?").split()
    return "".join(name[0] for name in (names[:1] + names[-1:] if len(names) > 1 else names)).upper()
