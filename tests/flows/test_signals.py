"""Signals become incidents: once each, one incident for each matter, whoever noticed it and in whatever transaction."""

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client

from baken.record.detection.flows import detect
from baken.record.detection.models import Detected
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident, Message
from baken.record.ledger import signals
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import unopened
from baken.record.orgs.sealing import Unsealable
from tests.conftest import Cast
from tests.flows.incident_world import reported


def mismatch(cast: Cast, row: str) -> bool:
    return signals.mismatch(
        organisation=cast.customer.id, table="orgs_file", column="sha256", row=row, actor="verification"
    )


def test_a_mismatch_is_one_signal_and_one_incident(cast: Cast) -> None:
    assert mismatch(cast, "1") is True
    assert mismatch(cast, "1") is False
    assert detect() == 1
    assert detect() == 0
    incident = Incident.objects.get()
    assert (incident.classes, incident.priority) == (["integrity", "security"], "high")
    assert incident.organisation == cast.provider, "a customer's data, but the provider's installation"
    assert "orgs_file.sha256, row 1" in Message.objects.get().body


def test_signals_of_one_matter_join_its_open_incident(cast: Cast) -> None:
    for row in range(9):
        mismatch(cast, str(row))
    assert detect() == 9
    incident = Incident.objects.get()
    assert Detected.objects.filter(incident=incident).count() == 9
    notes = Message.objects.filter(incident=incident, kind="note")
    assert [note.body.split(";")[1].split(" times")[0] for note in notes] == [" 2", " 4", " 8"]
    incidents.resolve(cast.bob.caller, incident.number, body="Put back from the backup of last night.")
    mismatch(cast, "later")
    assert detect() == 1
    assert Incident.objects.count() == 2


def test_a_kind_that_means_nothing_is_only_history(cast: Cast) -> None:
    signals.raise_once("weather.changed", organisation=cast.provider.id, about="rain", data={}, actor="tests")
    assert detect() == 0


def _tamper(incident: Incident) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE incidents_incident SET subject = set_byte(subject, 40, get_byte(subject, 40) # 1) WHERE id = %s",
            [incident.id],
        )


def test_what_does_not_open_is_noted_outside_of_the_reader_s_transaction(cast: Cast) -> None:
    incident = reported(cast, cast.alice)
    _tamper(incident)
    for _ in range(3):
        with pytest.raises(Unsealable), transaction.atomic():
            _ = Incident.objects.get(id=incident.id).subject
    assert not LedgerFact.objects.filter(stream_kind=signals.STREAM), "the reader writes nothing"
    assert detect() == 1
    opened = Incident.objects.exclude(id=incident.id).get()
    assert f"incidents_incident.subject, row {incident.id.hex}" in opened.messages.get().body
    with pytest.raises(Unsealable):
        _ = Incident.objects.get(id=incident.id).subject
    assert detect() == 0, "known already"


def test_a_page_with_a_text_that_does_not_open_leaves_a_signal(cast: Cast, client: Client) -> None:
    incident = reported(cast, cast.alice)
    _tamper(incident)
    client.force_login(cast.bob.user)
    assert client.get(f"/incidents/{incident.number}/").status_code == 200
    assert LedgerFact.objects.get(stream_kind=signals.STREAM).data["table"] == "incidents_incident"


def test_what_was_noted_is_written_down_once(cast: Cast) -> None:
    unopened.note(uuid4(), "table", "column", b"\x01")
    assert signals.write_unopened() == 1
    assert signals.write_unopened() == 0
