"""What is near a customer and not for them: another customer's on the same service, and what colleagues say of them."""

from datetime import timedelta
from uuid import UUID

from baken.domain.instants import to_us
from baken.record.catalogue import flows as catalogue
from baken.record.complaints import flows as complaints
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Message
from baken.record.ledger import clock
from baken.record.orgs import files
from baken.record.orgs.models import File, Organisation
from baken.record.reports import flows as reports
from baken.record.reports import reads as kpis
from tests.conftest import START, Cast

AMONG_COLLEAGUES = {
    "note": "They forgot to pay once more", "remark": "Let us not admit that", "draft": "Dear Alice, nobody has looked",
    "content": "Owed since the second of March", "file": "unpaid-invoices.txt",
}  # fmt: skip


def move_in(cast: Cast, incident: int, complaint: int) -> tuple[set[str], UUID, UUID]:
    """Take the stranger into the service of the customer, whose incident and complaint these are.

    Returns the texts among colleagues, and the files of the note and of the remark that are.
    """
    other = cast.stranger_organisation
    catalogue.subscribe(cast.program, service=cast.service, organisation=other, since=START)
    number = incidents.report(
        cast.stranger.caller, organisation=other, service=cast.service, subject="Our till is dead",
        body="Nobody can pay in our shop.", files=[_file(other, "till.txt", "Error 17 on the till")],
    ).number  # fmt: skip
    incidents.reply(cast.bob.caller, number, body="We will send somebody to your shop.")
    incidents.save_draft(cast.stranger.caller, number, kind=Message.Kind.REPLY, body="Please do hurry up")
    complaints.lodge(
        cast.stranger.caller, organisation=other, service=cast.service, subject="Our till again",
        body="Third time now.", files=[_file(other, "receipt.txt", "Nothing was printed")],
    )  # fmt: skip
    _improve(cast, other)
    for one in (number, incident):
        incidents.save_draft(cast.bob.caller, one, kind=Message.Kind.REPLY, body=AMONG_COLLEAGUES["draft"])
    note = incidents.note(cast.bob.caller, incident, body=AMONG_COLLEAGUES["note"], files=[_paper(cast.customer)])
    remark = complaints.remark(
        cast.mona.caller, complaint, body=AMONG_COLLEAGUES["remark"], visible_to_customer=False,
        files=[_paper(cast.customer)],
    )  # fmt: skip
    return set(AMONG_COLLEAGUES.values()), note.attachments.get().id, remark.attachments.get().id


def _improve(cast: Cast, other: Organisation) -> None:
    """What will be done for the other customer about a KPI of the month that the pages show."""
    first = clock.now().date().replace(day=1)
    scope = kpis.scope(
        cast.mona.caller, service=cast.service, customer=other, date_from=first,
        date_to=(first + timedelta(days=32)).replace(day=1), as_of=to_us(clock.now()),
    )  # fmt: skip
    reports.improve(
        cast.mona.caller, scope, "C1", cause="Their till is too old", action="Lend them a till", owner="The till team",
        due=first,
    )  # fmt: skip


def _paper(owner: Organisation) -> File:
    return _file(owner, AMONG_COLLEAGUES["file"], AMONG_COLLEAGUES["content"])


def _file(owner: Organisation, name: str, text: str) -> File:
    return files.receive(owner, name=name, content=text.encode(), at=clock.now())
