"""Reading incidents, always narrowed to what the caller may see."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Prefetch, Q, QuerySet

from baken.domain.facts import Fact
from baken.record.catalogue.models import Service
from baken.record.incidents.models import Attachment, Draft, Incident, Message
from baken.record.ledger import reads as ledger
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import opened, search
from baken.record.orgs.models import File, Organisation
from baken.record.people.access import Caller, NotFound, Permission, require_not_erased
from baken.record.people.models import Membership


def visible(caller: Caller) -> QuerySet[Incident]:
    """Every incident the caller may see."""
    caller.require(Permission.READ_INCIDENTS)
    return caller.narrow(Incident.objects.select_related("service", "organisation", "assignee", "reporter"))


def incident(caller: Caller, number: int) -> Incident:
    """One incident by its number. Raises NotFound, also for a stranger's."""
    found = visible(caller).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such incident.")
    opened.about(found.organisation_id, "incident", number)
    return found


def messages(caller: Caller, incident: Incident) -> QuerySet[Message]:
    """The conversation, oldest first, with that of its duplicates; a customer reads what is meant for them.

    `by_customer` says of each message whether its author is one of the customer's people.
    """
    ids = [incident.id, *incident.duplicates.values_list("id", flat=True)]  # an OR over the join reads whole tables
    theirs = Membership.objects.filter(user=OuterRef("author"), organisation=OuterRef("organisation"))
    rows = (
        Message.objects.filter(incident__in=ids)
        .select_related("author", "incident")
        .annotate(by_customer=Exists(theirs))
    )
    return rows if caller.staff else rows.filter(visible=True)


def conversation(caller: Caller, incident: Incident) -> QuerySet[Message]:
    """The same messages, each with its attachments."""
    return messages(caller, incident).prefetch_related(Prefetch("attachments", _WITH_FILES))


def attachments(caller: Caller, incident: Incident) -> QuerySet[Attachment]:
    """The files that came with what the caller may read of the conversation, oldest first."""
    return _WITH_FILES.filter(message__in=messages(caller, incident).values("id")).order_by(
        "message__created_at", "message", "index"
    )


def attachment(caller: Caller, number: int, id: UUID) -> File:
    """One of them by its id. Raises NotFound, also for what is among colleagues."""
    found = attachments(caller, incident(caller, number)).filter(id=id).first()
    if found is None:
        raise NotFound("There is no such attachment.")
    return found.file


def files_go_to(caller: Caller, number: int) -> Organisation:
    """Whose a file is that is sent with a message, before it is sent. Raises Forbidden, NotFound, Conflict."""
    caller.require(Permission.REPORT_INCIDENTS)
    organisation = incident(caller, number).organisation
    require_not_erased(organisation)
    return organisation


def last_said(caller: Caller, incidents: Sequence[Incident]) -> dict[UUID, Message]:
    """The latest message that a customer may see, per incident."""
    caller.require(Permission.READ_INCIDENTS)
    rows = Message.objects.filter(incident__in=incidents, visible=True).select_related("author")
    return {row.incident_id: row for row in rows.order_by("incident", "-created_at", "-id").distinct("incident")}


def facts(caller: Caller, incident: Incident) -> Sequence[Fact]:
    """What the ledger says of it, in order of recording."""
    caller.require(Permission.READ_INCIDENTS)
    return ledger.of_stream(incident.id)


def history(caller: Caller, incident: Incident) -> Sequence[LedgerFact]:
    """What the ledger says of it and who wrote it down, for the desk."""
    caller.require(Permission.WORK_INCIDENTS)
    return list(ledger.rows_of_stream(incident.id))


def open_incidents(caller: Caller, *, assignee: UUID | None = None, unassigned: bool = False) -> QuerySet[Incident]:
    """What is still to be done: everybody's, one person's, or nobody's yet."""
    rows = visible(caller).filter(_OPEN)
    if unassigned:
        return rows.filter(assignee=None)
    return rows.filter(assignee=assignee) if assignee else rows


def done(caller: Caller) -> QuerySet[Incident]:
    """What is resolved, closed or left out, the latest change first."""
    return visible(caller).exclude(_OPEN).order_by("-updated_at")


def queue(caller: Caller, view: str) -> QuerySet[Incident]:
    """The incidents of one of the desk's `VIEWS`."""
    caller.require(Permission.WORK_INCIDENTS)
    return visible(caller).filter(_views(caller)[view])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents a list is narrowed to: all of this; what is empty may be anything, of a collection any of it."""

    service: Service | None = None
    customer: Organisation | None = None
    statuses: Collection[str] = ()
    priorities: Collection[str] = ()
    classes: Collection[str] = ()

    @property
    def columns(self) -> dict[str, Any]:
        """As a filter of incidents."""
        every = {
            "service": self.service, "organisation": self.customer, "status__in": self.statuses,
            "priority__in": self.priorities, "classes__overlap": list(self.classes),
        }  # fmt: skip
        return {column: value for column, value in every.items() if value}


ANY = Wanted()


def narrowed(rows: QuerySet[Incident], wanted: Wanted) -> QuerySet[Incident]:
    """Those of some incidents that are wanted."""
    return rows.filter(**wanted.columns)


def queue_sizes(caller: Caller) -> dict[str, int]:
    """How many incidents each of the desk's views holds."""
    caller.require(Permission.WORK_INCIDENTS)
    views = {view: Count("id", filter=which) for view, which in _views(caller).items()}
    return Incident.objects.filter(_AT_WORK).aggregate(**views)


EVERYBODY, DESK = "incident", "incident.desk"
"""By what an incident is found: what everybody reads who sees it, and what only the desk reads."""

VIEWS = ("mine", "unassigned", "open", "waiting", "resolved")
"""Of the desk's queue. Resolved are those whose conversation is not closed yet."""

_WITH_FILES = Attachment.objects.select_related("file", "message__incident")

_AT_WORK = Q(outcome="") & ~Q(status=Incident.Status.CLOSED)
"""What the views are of, as the index of it says it: few beside all that is closed."""
_OPEN = Q(outcome="") & ~Q(status__in=[Incident.Status.RESOLVED, Incident.Status.CLOSED])


def _views(caller: Caller) -> dict[str, Q]:
    return {
        "mine": _OPEN & Q(assignee_id=caller.user),
        "unassigned": _OPEN & Q(assignee=None),
        "open": _OPEN,
        "waiting": _OPEN & Q(status=Incident.Status.WAITING),
        "resolved": Q(outcome="", status=Incident.Status.RESOLVED),
    }


def by_ids(caller: Caller, ids: Sequence[UUID]) -> dict[UUID, Incident]:
    """Incidents by id, for lists that a KPI was computed from."""
    return {row.id: row for row in visible(caller).filter(id__in=list(ids))}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    looked_at: how many of the newest that hold the words were looked at, when there are older ones; None when it were
    all. ignored: the words that were not looked for.
    """

    rows: QuerySet[Incident]
    looked_at: int | None = None
    ignored: Sequence[str] = ()


def found(caller: Caller, words: str, wanted: Wanted = ANY) -> Found:
    """Incidents with this number, or whose subject or messages hold all of these words; `#12` is a number alone.

    The one with the number is the first, then the latest report is. Of very many that hold the words the newest are
    looked at: `search.MOST_FOUND` of the wanted customer, and `MOST_NARROWED` when anything else is wanted too.
    """
    words = words.replace("\x00", " ").strip()[:500]
    if not words:
        return Found(narrowed(visible(caller), wanted).order_by("-reported"))
    numbered, text = _numbered(caller, words), "" if words.startswith("#") and _digits(words) else words
    held = search.find(_owners(caller, wanted.customer), _SCOPES[caller.staff], text, _most(wanted))
    either = search.among([*numbered, *held.ids])  # an OR over them reads whole tables
    rows = narrowed(visible(caller).filter(id__in=either), wanted)
    opened.searched(rows.count)
    first = [ExpressionWrapper(Q(id__in=numbered), BooleanField()).desc()] if numbered else []
    ignored = [] if _digits(words) else search.ignored(text)
    return Found(rows.order_by(*first, "-reported"), len(held.ids) if held.older else None, ignored)


MOST_NARROWED = 1_000
"""Of so many that hold the words it is looked whether they are wanted: each is looked up, which takes its time."""
_SCOPES = {True: (EVERYBODY, DESK), False: (EVERYBODY,)}


def _digits(words: str) -> str:
    """The digits of a number, empty when it is something else."""
    digits = words.lstrip("#")
    return digits if digits.isdecimal() else ""


def _numbered(caller: Caller, words: str) -> list[UUID]:
    digits = _digits(words)
    return list(visible(caller).filter(number=int(digits)).values_list("id", flat=True)) if digits else []


def _most(wanted: Wanted) -> int:
    """How many are looked at: more, when of these some are left."""
    return MOST_NARROWED if wanted.columns.keys() - {"organisation"} else search.MOST_FOUND


def _owners(caller: Caller, customer: Organisation | None) -> list[UUID]:
    """The organisations among whose incidents it is looked: the caller's own, to the desk the wanted one, or all."""
    if not caller.staff:
        return [caller.organisation] if caller.organisation else []
    if customer:
        return [customer.id]
    return list(Organisation.objects.order_by("created_at").values_list("id", flat=True))


def listed(caller: Caller, wanted: Wanted, words: str = "") -> QuerySet[Incident]:
    """Incidents that are wanted and hold the words, the latest report first."""
    return found(caller, words, wanted).rows.order_by("-reported", "-number")


def draft(caller: Caller, incident: Incident, kind: str) -> str:
    """What the caller was writing when they paused; empty when nothing."""
    row = Draft.objects.filter(incident=incident, author_id=caller.user, kind=kind).first()
    return row.body if row else ""
