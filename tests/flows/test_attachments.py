"""Attachments: they come with a message or not at all, are for whoever reads it, and go when it goes."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from baken.record.complaints import flows as complaints
from baken.record.complaints import reads as grievances
from baken.record.complaints.models import Remark
from baken.record.incidents import flows, reads
from baken.record.incidents.models import Attachment, Incident, Message
from baken.record.orgs import files
from baken.record.orgs.arriving import AT_ONCE, Arrival, FileError
from baken.record.orgs.models import File, FileChunk, FilePart, Organisation
from baken.record.people.access import Caller, NotFound
from baken.record.people.acting import acting
from baken.record.privacy import flows as privacy
from baken.record.privacy import work
from tests.conftest import Cast
from tests.flows.erasing import written
from tests.flows.incident_world import reported

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


BEGINNINGS = {"pdf": b"%PDF-1.7 ", "png": b"\x89PNG\r\n\x1a\n", "txt": b""}


def sent(owner: Organisation, name: str, content: bytes = b"", by: Caller | None = None) -> File:
    """A file that has arrived, as the web process hands it to a flow; an aardvark, when nothing else is said."""
    content = content or BEGINNINGS[name[-3:]] + b"aardvark"
    arrival = Arrival(owner.id, name=name, at=NOW, by=by.user if by else None, visible=not (by and by.staff))
    arrival.write(content)
    return arrival.finish()


def names(caller: Caller, incident: Incident) -> list[str]:
    return [attachment.file.name for attachment in reads.attachments(caller, incident)]


def test_each_message_has_what_was_sent_with_it(cast: Cast) -> None:
    alice, bob = cast.alice.caller, cast.bob.caller
    incident = reported(cast, cast.alice, files=[sent(cast.customer, "screen.png"), sent(cast.customer, "log.txt")])
    number = incident.number
    flows.reply(bob, number, body="Like this?", files=[sent(cast.customer, "how.pdf", by=bob)])
    flows.answer(alice, number, body="No.", files=[sent(cast.customer, "again.png")])
    flows.resolve(bob, number, body="Done.", files=[sent(cast.customer, "report.pdf", by=bob)])
    flows.reopen(alice, number, reason="It is not.", files=[sent(cast.customer, "proof.png")])
    told = {
        message.body: [one.file.name for one in message.attachments.all()]
        for message in reads.conversation(alice, incident)
    }
    assert told == {
        "All of them": ["screen.png", "log.txt"], "Like this?": ["how.pdf"], "No.": ["again.png"],
        "Done.": ["report.pdf"], "It is not.": ["proof.png"],
    }  # fmt: skip
    first = reads.attachments(alice, incident)[0]
    assert files.content(reads.attachment(bob, number, first.id)) == BEGINNINGS["png"] + b"aardvark"
    assert first.file.kept_at is not None


def test_a_report_may_be_a_file_and_a_line(cast: Cast) -> None:
    incident = reported(cast, cast.alice, body="", files=[sent(cast.customer, "screen.png")])
    assert names(cast.alice.caller, incident) == ["screen.png"]


def test_a_file_that_is_not_there_any_more_keeps_the_message_back(cast: Cast) -> None:
    incident = reported(cast, cast.alice)
    gone, good = sent(cast.customer, "gone.pdf"), sent(cast.customer, "good.pdf")
    files.abandon(gone.id)
    with pytest.raises(FileError, match="no longer there"):
        flows.answer(cast.alice.caller, incident.number, body="With two files.", files=[good, gone])
    strangers = sent(cast.stranger_organisation, "theirs.pdf")
    with pytest.raises(FileError, match="no longer there"):
        flows.answer(cast.alice.caller, incident.number, body="Of another customer.", files=[strangers])
    many = [sent(cast.customer, f"{number}.txt") for number in range(AT_ONCE + 1)]
    with pytest.raises(FileError, match="at most 10 files"):
        flows.answer(cast.alice.caller, incident.number, body="Too many.", files=many)
    flows.answer(cast.alice.caller, incident.number, body="Ten of them.", files=many[1:])
    with pytest.raises(FileError, match="no longer there"):
        flows.answer(cast.alice.caller, incident.number, body="One of them twice.", files=many[1:2])
    assert [message.body for message in reads.messages(cast.alice.caller, incident)] == ["All of them", "Ten of them."]
    assert Attachment.objects.count() == AT_ONCE
    assert set(File.objects.filter(kept_at=None)) == {good, strangers, many[0]}


def test_a_stranger_and_a_colleague_of_nobody_get_none(cast: Cast) -> None:
    incident = reported(cast, cast.alice, files=[sent(cast.customer, "screen.png")])
    other = reported(cast, cast.alice)
    id = reads.attachments(cast.alice.caller, incident)[0].id
    for caller, number, wanted in (
        (cast.stranger.caller, incident.number, id),
        (cast.alice.caller, other.number, id),
        (cast.alice.caller, incident.number, uuid4()),
    ):
        with pytest.raises(NotFound):
            reads.attachment(caller, number, wanted)
    with pytest.raises(NotFound):
        reads.files_go_to(cast.stranger.caller, incident.number)


def test_what_is_among_colleagues_is_there_for_no_customer(cast: Cast) -> None:
    alice, bob = cast.alice.caller, cast.bob.caller
    incident = reported(cast, cast.alice, files=[sent(cast.customer, "screen.png")])
    internal = sent(cast.customer, "internal.txt", by=bob)
    with acting(alice):
        assert not File.objects.filter(id=internal.id), "not before it is taken either"
    flows.note(bob, incident.number, body="See this.", files=[internal])
    assert names(bob, incident) == ["screen.png", "internal.txt"]
    assert names(alice, incident) == ["screen.png"]
    hidden = reads.attachments(bob, incident)[1]
    for number, row in enumerate(reads.attachments(bob, incident)):  # as they would be named in an object store
        FilePart.objects.create(
            organisation_id=cast.customer.id, file=row.file_id, index=0, object=str(number), version=1
        )
    with pytest.raises(NotFound):
        reads.attachment(alice, incident.number, hidden.id)
    with acting(alice):
        assert [row.file.name for row in Attachment.objects.all()] == ["screen.png"]
        assert [file.name for file in File.objects.all()] == ["screen.png"]
        assert {chunk.file.name for chunk in FileChunk.objects.all()} == {"screen.png"}
        assert [part.object for part in FilePart.objects.all()] == ["0"]
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Attachment.objects.create(organisation=cast.customer, message_id=hidden.message_id, file_id=hidden.file_id)
    with acting(cast.audrey.caller):
        assert not File.objects.exists()
        assert not FileChunk.objects.exists()


def test_a_merged_incident_shows_what_came_with_its_duplicate(cast: Cast) -> None:
    stays, goes = reported(cast, cast.alice), reported(cast, cast.alice, files=[sent(cast.customer, "screen.png")])
    flows.merge(cast.bob.caller, goes.number, into=stays.number)
    assert names(cast.alice.caller, stays) == ["screen.png"]
    id = reads.attachments(cast.alice.caller, stays)[0].id
    assert reads.attachment(cast.alice.caller, stays.number, id).name == "screen.png"


def test_complaints_have_them_too(cast: Cast) -> None:
    alice, mona = cast.alice.caller, cast.mona.caller
    complaint = complaints.lodge(
        alice, organisation=cast.customer, service=cast.service, subject="Slow", body="Too slow.",
        files=[sent(cast.customer, "letter.pdf")],
    )  # fmt: skip
    number = complaint.number
    complaints.answer(alice, number, body="And again.", files=[sent(cast.customer, "again.pdf")])
    for visible, name in ((True, "told.pdf"), (False, "filed.pdf")):
        file = sent(cast.customer, name, by=mona)
        complaints.remark(mona, number, body="Seen.", visible_to_customer=visible, files=[file])

    def seen(caller: Caller) -> list[str]:
        return [row.file.name for row in grievances.attachments(caller, complaint)]

    assert seen(mona) == ["letter.pdf", "again.pdf", "told.pdf", "filed.pdf"]
    assert seen(alice) == ["letter.pdf", "again.pdf", "told.pdf"]
    filed = grievances.attachments(mona, complaint)[3]
    for caller in (alice, cast.stranger.caller):
        with pytest.raises(NotFound):
            grievances.attachment(caller, number, filed.id)
    with acting(alice):
        assert not File.objects.filter(id=filed.file_id)
    gone = sent(cast.customer, "gone.pdf")
    files.abandon(gone.id)
    with pytest.raises(FileError):
        complaints.answer(alice, number, body="Lost.", files=[gone])
    assert Remark.objects.count() == 4


def told_with_files(cast: Cast) -> Incident:
    """Alice sends an aardvark, Bob one for her and one of his own, and notes something."""
    alice, bob = cast.alice.caller, cast.bob.caller
    incident = reported(
        cast,
        cast.bob,
        reporter=cast.alice.user,
        files=[sent(cast.customer, "for alice.pdf", b"%PDF- for her", by=bob)],
    )
    flows.answer(alice, incident.number, body="More.", files=[sent(cast.customer, "aardvark.pdf", by=alice)])
    flows.reply(bob, incident.number, body="Thanks.", files=[sent(cast.customer, "giraffe.pdf", b"%PDF- tall", by=bob)])
    flows.note(bob, incident.number, body="Hm.", files=[sent(cast.customer, "ocelot.txt", b"ocelot", by=bob)])
    return flows.resolve(bob, incident.number, body="Done.")


def exported_files(export: dict[str, object]) -> set[object]:
    return {content for name, content in export.items() if name.startswith("files/")}


def test_an_export_has_them_with_their_bytes(cast: Cast) -> None:
    told_with_files(cast)
    own = written(privacy.export_person(cast.adam.caller, cast.alice.user.id))
    assert exported_files(own) == {b"%PDF- for her", b"%PDF-1.7 aardvark"}
    assert {row["name"] for row in own["files.json"]} == {"for alice.pdf", "aardvark.pdf"}
    assert {row["message_id"] for row in own["attachments.json"]} <= {row["id"] for row in own["messages.json"]}
    assert {row["file_id"] for row in own["attachments.json"]} == {row["id"] for row in own["files.json"]}
    theirs = written(privacy.export_organisation(cast.adam.caller, "customer"))
    assert exported_files(theirs) == {b"%PDF- for her", b"%PDF-1.7 aardvark", b"%PDF- tall"}
    assert len(theirs["attachments.json"]) == 3


def test_with_a_person_goes_what_came_with_their_words(cast: Cast) -> None:
    incident = told_with_files(cast)
    row = privacy.erase_person(cast.adam.caller, cast.alice.user.id, confirmation="alice@customer.example")
    work.erase(row)
    row.refresh_from_db()
    assert row.done == row.total and row.finished_at
    assert names(cast.bob.caller, incident) == ["giraffe.pdf", "ocelot.txt"]
    assert set(FileChunk.objects.values_list("file__sha256", flat=True)) == set(
        File.objects.values_list("sha256", flat=True)
    )
    assert File.objects.count() == 2
    assert Message.objects.filter(incident=incident).count() == 5


def test_with_a_customer_goes_all_of_it(cast: Cast) -> None:
    told_with_files(cast)
    work.erase(privacy.erase_organisation(cast.adam.caller, "customer", confirmation="customer"))
    assert not Attachment.objects.exists()
    assert not File.objects.exists()
    assert not FileChunk.objects.exists()
