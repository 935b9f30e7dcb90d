"""The facts of an incident as sentences: who did what, when."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, ngettext

from baken.record.incidents.models import Incident
from baken.record.ledger.models import LedgerFact
from baken.record.people import reads as people
from baken.record.people.access import actor_of
from baken.show.web.desk import words

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One fact in words. late: it was written down later than it happened. gone: a later fact retracted it."""

    seq: int
    who: str
    what: str
    at: datetime
    recorded: datetime
    gone: bool
    retractable: bool

    @property
    def late(self) -> bool:
        """Whether it was written down more than a minute after it happened."""
        return (self.recorded - self.at).total_seconds() > 60


def events(rows: Sequence[LedgerFact]) -> list[Event]:
    """The facts of one incident in words, oldest first."""
    names = people.names(_people(rows))
    numbers = _numbers(rows)
    gone = {row.data["seq"] for row in rows if row.kind == "fact.retracted"}
    return [
        Event(
            seq=row.seq,
            who=_who(row.actor, names),
            what=_what(row.kind, row.data, {"names": names, "numbers": numbers}),
            at=row.at,
            recorded=row.recorded,
            gone=row.seq in gone,
            retractable=row.seq > 1 and row.seq not in gone and row.kind.startswith("incident."),
        )
        for row in rows
        if not _took_it(row)
    ]


def _took_it(row: LedgerFact) -> bool:
    """Whether somebody assigned it to themselves: that they took it on says so already."""
    return row.kind == "incident.assigned" and row.actor == actor_of(row.data["to"])


def _people(rows: Iterable[LedgerFact]) -> set[UUID]:
    actors = {row.actor.partition(":")[2] for row in rows if row.actor.startswith("user:")}
    assigned = {row.data["to"] for row in rows if row.kind == "incident.assigned" and row.data["to"]}
    return {UUID(id) for id in actors | assigned}


def _numbers(rows: Iterable[LedgerFact]) -> dict[str, int]:
    """Numbers of the incidents that facts name, by id."""
    ids = {row.data[key] for row in rows for key in ("survivor", "outage", "of") if row.data.get(key)}
    return {str(id): number for id, number in Incident.objects.filter(id__in=ids).values_list("id", "number")}


def _who(actor: str, names: Mapping[UUID, str]) -> str:
    kind, _, id = actor.partition(":")
    if kind == "user":
        return names.get(UUID(id)) or gettext("somebody who is gone")
    return str(words.ACTOR.get(kind, actor))


def _what(kind: str, data: Data, known: Mapping[str, Any]) -> str:
    say = SENTENCES.get(kind)
    return say(data, known) if say else kind


def _classes(codes: Iterable[str]) -> str:
    return ", ".join(str(words.CLASS[code]) for code in codes)


def _assigned(data: Data, known: Data) -> str:
    if data["to"] is None:
        return gettext("assigned it to nobody")
    return gettext("assigned it to %(name)s") % {
        "name": known["names"].get(UUID(data["to"])) or gettext("somebody who is gone")
    }


def _left_out(data: Data, known: Data) -> str:
    if data.get("survivor"):
        return gettext("merged it into #%(number)s") % {"number": known["numbers"].get(data["survivor"], "?")}
    return gettext("left it out of the counts: %(outcome)s") % {"outcome": words.OUTCOME[data["outcome"]]}


def _responded(data: Data, known: Data) -> str:
    ways = {"call": gettext("spoke to the customer"), "update": gettext("gave a status update")}
    return ways.get(data["way"]) or gettext("replied to the customer")


def _earlier(data: Data, known: Data) -> str:
    number = known["numbers"].get(data.get("of"))
    return gettext("took the earlier report of #%(number)s") % {"number": number or "?"}


def _signal(data: Data, known: Data) -> str:
    clock = words.CLOCK.get(data.get("clock", ""), "")
    share = data.get("share")
    if share is None:
        return gettext("%(clock)s is exceeded") % {"clock": clock}
    return gettext("%(percent)s%% of the %(clock)s is used") % {"percent": share, "clock": clock}


def _fixed(sentence: Callable[[], str]) -> Callable[[Data, Data], str]:
    return lambda data, known: sentence()


SENTENCES: Mapping[str, Callable[[Data, Data], str]] = {
    "incident.reported": lambda data, known: (
        gettext("reported it: %(classes)s, priority %(priority)s")
        % {"classes": _classes(data["classes"]), "priority": words.PRIORITY[data["priority"]]}
    ),
    "incident.responded": _responded,
    "incident.picked_up": _fixed(lambda: gettext("took it on")),
    "incident.assigned": _assigned,
    "incident.waiting_began": lambda data, known: (
        gettext("let it wait for %(whom)s") % {"whom": words.WAITING[data["on"]]}
    ),
    "incident.waiting_ended": _fixed(lambda: gettext("ended the waiting")),
    "incident.resolved": _fixed(lambda: gettext("resolved it")),
    "incident.reopened": _fixed(lambda: gettext("opened it again")),
    "incident.closed": _fixed(lambda: gettext("closed it")),
    "incident.priority_changed": lambda data, known: (
        gettext("changed the priority to %(priority)s") % {"priority": words.PRIORITY[data["priority"]]}
    ),
    "incident.classes_changed": lambda data, known: (
        ngettext("changed the class to %(classes)s", "changed the classes to %(classes)s", len(data["classes"]))
        % {"classes": _classes(data["classes"])}
    ),
    "incident.classes_confirmed": _fixed(lambda: gettext("confirmed the classes")),
    "incident.left_out": _left_out,
    "incident.readmitted": _fixed(lambda: gettext("counted it again")),
    "incident.reported_earlier": _earlier,
    "incident.data_restored": _fixed(lambda: gettext("found the data restored")),
    "incident.not_restorable": _fixed(lambda: gettext("found that the data cannot be restored")),
    "incident.break_in_confirmed": _fixed(lambda: gettext("confirmed a break-in")),
    "incident.break_in_rejected": _fixed(lambda: gettext("found that there was no break-in")),
    "incident.authority_told": lambda data, known: (
        gettext("sent the authority: %(step)s") % {"step": words.STEP[data["step"]]}
    ),
    "incident.exclusion_agreed": lambda data, known: (
        gettext("recorded the customer's consent to leave it out of the figures: %(cause)s")
        % {"cause": words.CAUSE[data["cause"]]}
    ),
    "incident.joined_outage": lambda data, known: (
        gettext("made it part of the outage #%(number)s") % {"number": known["numbers"].get(data["outage"], "?")}
    ),
    "fact.retracted": lambda data, known: gettext("retracted fact %(seq)s") % {"seq": data["seq"]},
    "clock.warned": _signal,
    "clock.breached": _signal,
}
"""What each kind of fact is, after the name of whoever did it."""
