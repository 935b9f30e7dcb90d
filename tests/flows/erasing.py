"""What the tests of exports and erasures begin with: two people of a customer who wrote, and one of the desk."""

import io
import json
import zipfile
from typing import Any

from baken.record.complaints import flows as complaints
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident
from baken.record.orgs import files
from baken.record.people import flows as people
from baken.record.people.access import Role, program
from baken.record.people.models import User
from baken.record.people.reads import caller_of
from baken.record.privacy.flows import Export
from tests.conftest import PASSWORD, Cast, Person


def colleague_of_alice(cast: Cast) -> Person:
    user = people.add_user(
        program("tests"), organisation=cast.customer, email="carl@customer.example", name="Carl", roles=[Role.CUSTOMER],
        password=PASSWORD, language="en",
    )  # fmt: skip
    return Person(user, caller_of(user))


def talked(cast: Cast, colleague: Person) -> Incident:
    """Alice reports aardvarks, her colleague adds zebras, the desk answers with giraffes and notes ocelots."""
    incident = incidents.report(
        cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Aardvark subject",
        body="Aardvark body",
    )  # fmt: skip
    incidents.answer(colleague.caller, incident.number, body="Zebra answer")
    incidents.note(cast.bob.caller, incident.number, body="Ocelot note")
    incidents.save_draft(cast.alice.caller, incident.number, kind="reply", body="Aardvark draft")
    return incidents.resolve(cast.bob.caller, incident.number, body="Giraffe resolution")


def complained(cast: Cast) -> None:
    complaint = complaints.lodge(
        cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Aardvark complaint",
        body="Aardvark grief",
    )  # fmt: skip
    complaints.acknowledge(cast.mona.caller, complaint.number, body="Giraffe regret")
    complaints.decide(cast.mona.caller, complaint.number, outcome="upheld", body="Giraffe verdict")


def written(export: Export) -> dict[str, Any]:
    """What is in an export, by the name of each file: JSON as it reads."""
    whole = b"".join(export.pieces)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    return {name: json.loads(content) if name.endswith(".json") else content for name, content in found.items()}


def kept(cast: Cast, content: bytes) -> Any:
    return files.keep(cast.customer, name="aardvark plan.txt", content=content, at=User.objects.latest("id").created_at)
