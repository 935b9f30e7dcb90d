"""What is asked often uses indexes, under row-level security too: explained in a crowd, as the role that asks.

Whole pages and operations are asked for, so that what finds out who asks is explained as well, as the door.
"""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from django.db import transaction
from django.test import Client

from baken.record import policies
from baken.record.incidents import flows
from baken.record.incidents.models import Attachment
from baken.record.ledger import clock
from baken.record.orgs import files
from baken.record.people import flows as people
from baken.record.people.access import Role
from tests.conftest import Cast, Person
from tests.databases import owning
from tests.flows import crowd, following, measuring
from tests.flows.explaining import Plans, explained
from tests.flows.incident_world import MONDAY

pytestmark = pytest.mark.django_db(transaction=True)

NOW = MONDAY + timedelta(days=40)
ROLES = {
    "bob": policies.STAFF, "mona": policies.STAFF, "alice": policies.CUSTOMER, "token": policies.CUSTOMER,
    "nobody": policies.PROGRAM,
}  # fmt: skip
KPI = "service=cloud&from=2026-03-01&to=2026-04-01"
SESSION = ("django_session_session_key", "people_membership_user_id", "people_user_pkey")
TOKEN = ("people_apitoken_digest", "people_membership_user_id")
AT_WORK, ONE = ("incident_at_work", "clocks_reading_pkey"), ("incidents_incident_number_key", "one_fact_per_place")
TOLD = ("incidents_message_incident_id|message_by_incident", "incidents_attachment_message_id")
FOUND = ("orgs_searchtoken_pkey", "incidents_incident_pkey")
CELLS = ("reading_by_reported", "reading_by_resolved", "reading_by_response", "reading_by_resolution")
YEAR = ("|".join(CELLS), "reading_by_last", "ledger_ledgerfact_pkey|ledger_by_kind")
SEEN = ("one_change_at_a_time|monitors_statechange_sight_id",)
FILE = ("orgs_file_pkey", "one_chunk_per_index", "incidents_attachment_pkey")
HOT: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "queue": ("bob", "/incidents/", (*AT_WORK, *SESSION)),
    "queue of nobody": ("bob", "/incidents/?view=unassigned", AT_WORK),
    "queue, resolved": ("bob", "/incidents/?view=resolved", ("incident_at_work",)),
    "queue, what changed": ("bob", "/incidents/changes/?shown={number}&since=1772442000000000", AT_WORK),
    "queue, a search": ("bob", "/incidents/?in=printer+fire", FOUND),
    "queue, a narrowed search": (
        "bob",
        "/incidents/?in=printer+fire&service=cloud&priority=medium&customer=customer",
        FOUND,
    ),
    "queue, a search for digits": ("bob", "/incidents/?in=4711", (*FOUND, "incidents_incident_number_key")),
    "incident at the desk": ("bob", "/incidents/{number}/", (*ONE, *TOLD, "membership_by_role", *SESSION)),
    "search of the desk": ("bob", "/search/?in=fire", FOUND),
    "control room": ("mona", f"/kpis/?{KPI}", (*YEAR, *SEEN, "incident_suspected")),
    "list behind C1": ("mona", f"/kpis/C1/?{KPI}", ("reading_by_last", *SEEN)),
    "list behind C4": ("mona", f"/kpis/C4/?{KPI}", CELLS),
    "list behind C7": ("mona", f"/kpis/C7/?{KPI}", ("reading_by_last",)),
    "list behind D3": ("mona", f"/kpis/D3/?{KPI}", CELLS),
    "uptime": ("mona", "/uptime/cloud/", SEEN),
    "own incidents": ("alice", "/incidents/", ("organisation_id|incident_by_organisation|incident_at_work", *SESSION)),
    "own incidents, done": ("alice", "/incidents/?show=done", ("incidents_incident_organisation_id|by_organisation",)),
    "own incidents, a search": ("alice", "/incidents/?in=printer+fire", FOUND),
    "own incident": ("alice", "/incidents/{number}/", (*ONE, *TOLD)),
    "own control room": ("alice", f"/kpis/?{KPI}", (*YEAR, *SEEN)),
    "own list behind C1": ("alice", f"/kpis/C1/?{KPI}", ("reading_by_last", *SEEN)),
    "own list behind C4": ("alice", f"/kpis/C4/?{KPI}", CELLS),
    "own uptime": ("alice", "/uptime/cloud/", SEEN),
    "looks at own data": ("alice", "/looks/", ("look_by_organisation",)),
    "own file": ("alice", "/incidents/{number}/attachments/{file}/", FILE),
    "clock": ("alice", "/incidents/{number}/clocks/response/", ONE),
    "status": ("nobody", "/status/", SEEN),
    "incidents by token": ("token", "/api/v1/incidents", (*TOKEN, "organisation_id|incident_by_organisation")),
    "incident by token": ("token", "/api/v1/incidents/{number}", (*TOKEN, ONE[0])),
    "KPIs by token": ("token", f"/api/v1/kpis?{KPI}", (*TOKEN, *YEAR)),
}
"""Who asks for what (a search: `in`), and by which indexes it has to be found (`|`: or): parts of their names."""


@pytest.fixture
def attachment(cast: Cast) -> Attachment:
    """The file that came with an incident, which has all that belongs to one, and thousands beside it."""
    with clock.at(MONDAY):
        here, monitor = measuring.place(cast.service, "ams-1", MONDAY), measuring.monitored(cast.service, MONDAY)
        measuring.see(here, monitor, MONDAY, MONDAY + timedelta(minutes=10), [(100, 200)])
        sent = files.receive(cast.customer, name="screen.txt", content=b"Nothing opens", at=MONDAY)
        reported = flows.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Printer is on fire",
            body="All of it", files=[sent],
        )  # fmt: skip
        with_token(cast)
        signed_in(cast.alice)
        signed_in(cast.bob).get(f"/incidents/{reported.number}/")
    following.to_the_end()
    held = Attachment.objects.get()
    crowd.fill(reported, held)
    return held


def signed_in(person: Person) -> Client:
    """A browser of theirs."""
    client = Client()
    assert client.post("/sign-in/", {"email": person.user.email, "password": person.password}).status_code == 302
    return client


def with_token(cast: Cast) -> Client:
    """A program of a customer's."""
    _, secret = people.add_token(
        cast.program, organisation=cast.customer, name="t", role=Role.CUSTOMER, user=cast.alice.user,
        scopes=["incidents:read", "kpis:read", "catalogue:read"],
    )  # fmt: skip
    return Client(headers={"authorization": f"Bearer {secret}"})


def asked(client: Client, address: str) -> Plans:
    """What it takes to answer."""
    with explained() as plans:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.content)
        if answer.streaming:
            assert b"".join(answer.streaming_content)
    return plans


def kept(client: Client, address: str) -> str:
    """The address of a search, whose words its session keeps; of anything else, as it is."""
    page, _, query = address.partition("?")
    given = dict(parse_qsl(query))
    words = given.pop("in", "")
    return client.post(page, {"words": words, **given}).headers["Location"] if words else address


def missing(plans: Plans, indexes: tuple[str, ...]) -> list[str]:
    """Indexes that should have been used and were not."""
    return [wanted for wanted in indexes if not any(part in used for part in wanted.split("|") for used in plans.used)]


def test_what_is_asked_often_is_found_by_indexes(cast: Cast, attachment: Attachment) -> None:
    number, wrong = attachment.message.incident.number, []
    with clock.at(NOW):
        who = {name: signed_in(getattr(cast, name)) for name in ("alice", "bob", "mona")}
        who |= {"nobody": Client(), "token": with_token(cast)}
        for name, (asks, address, indexes) in HOT.items():
            plans = asked(who[asks], kept(who[asks], address.format(number=number, file=attachment.id)))
            assert {ROLES[asks], policies.DOOR} <= plans.roles, name
            wrong += [f"{name}: {walk} is read as a whole by {role}: {sql}" for walk, role, sql in plans.walks]
            wrong += [f"{name}: not by {index}, but {sorted(plans.used)}" for index in missing(plans, indexes)]
        assert not wrong, "\n".join(wrong)
        with transaction.atomic():  # and what has no index is noticed
            with owning() as cursor:
                cursor.execute("DROP INDEX incident_at_work, looks_look_organisation_id_c7a2552c, look_by_organisation")
            assert asked(who["bob"], "/incidents/").walks
            assert asked(who["alice"], "/looks/").walks
            transaction.set_rollback(True)
