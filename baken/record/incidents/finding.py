"""The words by which incidents are found, made anew when the index key is replaced."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from baken.record.incidents.models import Incident, Message
from baken.record.incidents.reads import DESK, EVERYBODY
from baken.record.orgs import search, unopened


def index_again(ids: Sequence[UUID]) -> None:
    """Let incidents be found by their subjects and messages, by the present index key; not by what does not open.

    They are kept from others: whoever adds a message waits, and makes its tokens afterwards.
    """
    incidents = list(Incident.objects.select_for_update().filter(id__in=ids).order_by("id"))
    search.index_again(ids, lambda: _readable(incidents))


def _readable(incidents: Sequence[Incident]) -> list[search.Text]:
    with unopened.showing():
        return [it for it in _texts(incidents) if not isinstance(it.text, unopened.Unread)]


def _texts(incidents: Sequence[Incident]) -> Iterator[search.Text]:
    for incident in incidents:
        yield search.Text(incident.organisation_id, EVERYBODY, incident.id, incident.subject)
    for message in Message.objects.filter(incident__in=[incident.id for incident in incidents]):
        scope = EVERYBODY if message.visible else DESK
        yield search.Text(message.organisation_id, scope, message.incident_id, message.body)
