"""What becomes of incidents and of what was written about them when somebody is erased.

Rows, times, states and codes stay: clocks and KPIs are made of them. Texts go, and with them the words by which an
incident is found.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from baken.record.incidents.finding import index_again
from baken.record.incidents.models import Attachment, Draft, Imported, Incident, Message, Presence
from baken.record.orgs.erasure import Fate, Rule
from baken.record.orgs.models import SearchToken


def find_by_what_is_left(ids: Sequence[UUID]) -> None:
    """Let these incidents be found by the words that are still there, and by no others.

    What another wrote, and does not open, keeps nobody from being erased.
    """
    SearchToken.objects.filter(record__in=ids).delete()
    index_again(ids)


def _of_messages(ids: Sequence[UUID]) -> None:
    find_by_what_is_left(list(Message.objects.filter(id__in=ids).values_list("incident_id", flat=True).distinct()))


RULES = (
    Rule(model=Presence, person="person_id", with_person=Fate.GOES, with_organisation=Fate.GOES),
    Rule(
        model=Draft, person="author_id", with_person=Fate.GOES, with_organisation=Fate.GOES, shown=Q(pk=None),
        document="drafts", columns=("id", "incident_id", "kind", "body", "updated_at"),
    ),
    Rule(
        model=Attachment, person="message__author_id", carries="file_id", with_person=Fate.GOES,
        with_organisation=Fate.GOES, shown=Q(message__visible=True),
        document="attachments", columns=("id", "message_id", "file_id"),
    ),
    Rule(
        model=Message, person="author_id", with_person=Fate.BLANKED, with_organisation=Fate.GOES, after=_of_messages,
        shown=Q(visible=True),
        document="messages", columns=("id", "incident_id", "kind", "visible", "author_id", "body", "created_at"),
    ),
    Rule(
        model=Incident, person="reporter_id", mentions=("assignee",), after=find_by_what_is_left,
        with_person=Fate.BLANKED, with_organisation=Fate.BLANKED,
        document="incidents",
        columns=(
            "id", "number", "service_id", "status", "origin", "classes", "impact", "urgency", "priority", "waiting_on",
            "outcome", "reported", "responded_at", "resolved_at", "restored_at", "not_restorable_at", "updated_at",
            "reporter_id", "subject",
        ),
    ),
    Rule(model=Imported),
)  # fmt: skip
"""A draft is its author's alone: no export of an organisation has it."""
