"""Signals on the ledger become incidents: what each kind means, and which signals are one matter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from baken.domain.facts import IncidentClass
from baken.domain.instants import to_us
from baken.record.catalogue.models import Service
from baken.record.detection.models import Detected
from baken.record.detection.opening import (
    HIGH,
    MEDIUM,
    MONITOR,
    alone,
    keep,
    open_about,
    open_incident,
    own_service,
    utc,
)
from baken.record.incidents import flows as incidents
from baken.record.ledger.models import LedgerFact
from baken.record.ledger.signals import DAMAGED, GUESSED, MISMATCH, STORM, STREAM, TOUCHED, write_faults, write_unopened
from baken.record.people.models import HoneyUse, Storm

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind of signal says. Of its data: `body` makes the first message, `matter` the code of what it is about.

    Signals of one matter join the same incident as long as that is open.
    """

    subject: str
    classes: tuple[IncidentClass, ...]
    body: Callable[[Data], str]
    matter: Callable[[Data], str]
    level: tuple[int, int] = HIGH


def _about_mismatch(data: Data) -> str:
    return (
        f"What is stored in {data['table']}.{data['column']}, row {data['row']}, is not what was stored there: it does "
        "not open, or does not fit its digest. Compare it with a backup, and find out who could write there."
    )


def _about_storm(data: Data) -> str:
    storm = Storm.objects.get(id=data["storm"])
    since = utc(to_us(storm.began))
    if storm.way == Storm.Way.ADDRESS:
        told = f"From {storm.tried} {storm.number} accounts were tried since {since}, without success."
    else:
        whose = f"The account of person {storm.tried}" if storm.tried else "An account that does not exist"
        told = f"{whose} was tried from {storm.number} addresses since {since}, without success."
    return f"{told} Look whether a sign-in from there succeeded, and block what should not be here."


def _about_guesses(data: Data) -> str:
    return (
        f"{data['number']} wrong codes were typed at the second step of person {data['user']} within a week. Whoever "
        "typed them knows the password. Ask that person; was it not them, set a new password for them and find out how "
        "theirs became known."
    )


def _about_honey(data: Data) -> str:
    use = HoneyUse.objects.select_related("honey").get(id=data["use"])
    honey = use.honey
    what = {"token": "API token", "account": "account", "link": "link"}[honey.kind]
    device = f" ({use.device})" if use.device else ""
    return (
        f"A honey token was used: the {what} {honey.lure} that was put here: {honey.planted}. It was used at "
        f"{utc(to_us(use.at))} from {use.address or 'an unknown address'}{device}. Nobody has a reason to: whoever did "
        "has been where it was put. It opened nothing."
    ).replace("  ", " ")


MEANINGS: Mapping[str, Meaning] = {
    MISMATCH: Meaning(
        "stored data was changed",
        (IncidentClass.INTEGRITY, IncidentClass.SECURITY),
        _about_mismatch,
        lambda data: f"{data['table']}.{data['column']}",
    ),
    DAMAGED: Meaning(
        "a stored file is damaged",
        (IncidentClass.INTEGRITY,),
        lambda data: (
            f"File {data['file']} is not what was stored: a piece of it is missing or changed, or it does not fit its "
            "digest. Restore it from a backup, and find out what changed it."
        ),
        lambda data: data["file"],
    ),
    # All of a way are one matter: whoever has many addresses, or many accounts to try, opens no incident by each.
    STORM: Meaning("sign-in storm", (IncidentClass.SECURITY,), _about_storm, lambda data: str(data["way"]), MEDIUM),
    GUESSED: Meaning(
        "codes of a second step are guessed", (IncidentClass.SECURITY,), _about_guesses, lambda data: str(data["user"])
    ),
    TOUCHED: Meaning("honey token used", (IncidentClass.SECURITY,), _about_honey, lambda data: str(data["honey"])),
}
"""Kinds that become incidents; a kind that is not here is only history."""

AT_ONCE = 500
PENDING = """
SELECT fact.* FROM ledger_ledgerfact AS fact
WHERE fact.stream_kind = %s AND fact.seq = 1 AND fact.kind = ANY(%s)
AND NOT EXISTS (SELECT FROM detection_detected AS known WHERE known.key = 'signal:' || fact.stream_id::text)
ORDER BY fact.position LIMIT %s
"""


def take_up_signals() -> int:
    """Open an incident for each matter that is new, and add what belongs to one that is open; how many were taken up.

    They are incidents of the installation's own service; before there is any service they wait.
    """
    write_unopened()
    write_faults()
    service = own_service()
    if service is None:
        return 0
    pending = LedgerFact.objects.raw(PENDING, [STREAM, list(MEANINGS), AT_ONCE])
    return sum(take_up(service, fact) for fact in list(pending))


@transaction.atomic
def take_up(service: Service, fact: LedgerFact) -> int:
    """The same for one signal; 0 when another worker did it."""
    meaning, key = MEANINGS[fact.kind], f"signal:{fact.stream_id}"
    about = f"signal:{fact.kind}:{meaning.matter(fact.data)}"[:120]
    alone(about)
    if Detected.objects.filter(key=key).exists():
        return 0
    at, body = to_us(fact.at), meaning.body(fact.data)
    known = open_about(about)
    if known is None:
        subject = f"{service.code}: {meaning.subject}"
        incident = open_incident(service, subject, body, meaning.level, meaning.classes, at)
        keep(about, key, incident, began=at, ended=at)
        return 1
    keep(about, key, known.incident, began=at, ended=at)
    known.outages += 1
    known.save(update_fields=["outages"])
    if known.outages & (known.outages - 1) == 0:  # at 2, 4, 8, …: less and less often
        text = f"Seen again at {utc(at)}; {known.outages} times so far. {body}"
        incidents.note(MONITOR, known.incident.number, body=text)
    return 1
