"""Everything that the page of one incident shows, for the desk and for the customer."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from baken.domain.agreements import Basis
from baken.domain.deadlines import Duty
from baken.domain.facts import IncidentClass, Priority
from baken.domain.instants import to_us
from baken.record.catalogue import reads as catalogue
from baken.record.incidents import break_ins, presence, reads
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.people.access import Caller
from baken.show.web.desk import history, words
from baken.show.web.desk.actions import ACTIONS
from baken.show.web.desk.badges import badge, faces_now
from baken.show.web.desk.history import Event
from baken.show.web.forms.incidents import ActionForm
from baken.show.web.wording import is_always

NOTHING = UUID(int=0)
"""The id of the last message where there is none."""
Bound = Mapping[str, ActionForm]


def form_for(
    name: str,
    caller: Caller,
    incident: Incident,
    data: Any = None,
    events: list[Event] | None = None,
    files: Any = None,
) -> ActionForm:
    """The form of an action, filled in with what the caller was writing."""
    action = ACTIONS[name]
    initial = {}
    if data is None and action.draft and caller.user:
        initial["message"] = reads.draft(caller, incident, action.draft)
    if events is None:
        events = history.events(reads.history(caller, incident)) if name == "retraction" and caller.staff else []
    return action.form(
        data, files=files, caller=caller, incident=incident, events=events, auto_id=f"{name}-%s", initial=initial
    )


def desk_page(caller: Caller, incident: Incident, bound: Bound) -> dict[str, Any]:
    """What somebody at the desk sees."""
    events = history.events(reads.history(caller, incident))
    return {
        **_page(caller, incident, bound, events),
        "events": events,
        "duplicates": incident.duplicates.order_by("number"),
        "joined": incident.joined.select_related("organisation").order_by("number"),
        "here": presence.colleagues(caller, incident),
        "authority": _authority(incident),
        "mine": incident.assignee_id == caller.user,
    }


def portal_page(caller: Caller, incident: Incident, bound: Bound) -> dict[str, Any]:
    """What a customer sees of their incident."""
    terms = catalogue.version(incident.agreement_id, incident.agreement_version).terms
    priority = Priority(incident.priority)
    agreed = terms.targets[priority]
    return {
        **_page(caller, incident, bound, []),
        "state": words.for_the_customer(incident),
        "agreed": agreed,
        "in_hours": agreed.basis is Basis.WORKING and not is_always(terms.service_hours[priority]),
    }


def _page(caller: Caller, incident: Incident, bound: Bound, events: list[Event]) -> dict[str, Any]:
    faces = faces_now([incident])[incident.id]
    messages = list(reads.conversation(caller, incident))
    offered = [name for name, action in ACTIONS.items() if action.open_to(caller, incident)]
    forms = {name: form_for(name, caller, incident, None, events) for name in offered}
    return {
        "incident": incident,
        "conversation": messages,
        "seen": max((message.id for message in messages), default=NOTHING),
        "badges": [badge(faces.response), badge(faces.resolution)],
        "can": {name.replace("-", "_"): form for name, form in {**forms, **bound}.items()},
        "failed": next(iter(bound), ""),
    }


def _authority(incident: Incident) -> Sequence[Duty]:
    """The reports to the authority about a confirmed break-in, or about a suspicion of which some were sent."""
    if IncidentClass.SECURITY not in incident.classes:
        return ()
    found = break_ins.duties_of(incident, to_us(clock.now()))
    wanted = incident.break_in_confirmed_at is not None or any(duty.sent is not None for duty in found)
    return found if wanted else ()
