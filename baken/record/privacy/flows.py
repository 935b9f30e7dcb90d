"""Asking for an export, and for an erasure. Both are administrators' alone, but for what a person asks of themselves.

An erasure begins here: people are kept out, names go and keys are destroyed before the answer. The rest is worked off
by `privacy.work`: in the worker, or by the command that asked.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from baken.record.complaints.models import Complaint
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs import opened
from baken.record.orgs.erasure import Whose
from baken.record.orgs.models import Organisation
from baken.record.orgs.search import address_keys
from baken.record.people import flows as people
from baken.record.people.access import Caller, Conflict, NotFound, Permission, program
from baken.record.people.acting import acting, step_by_step
from baken.record.people.models import User
from baken.record.privacy import archive, tombstones, work
from baken.record.privacy.models import Tombstone

log = logging.getLogger("baken.privacy")
EXPORT = program("export")
"""Reads what is somebody's own, wherever it is: rules narrow it, and nothing else is asked."""


class ErasureError(ValueError):
    """Somebody cannot be erased so; the message names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class Export:
    """A ZIP file: its name, and its bytes as they are made."""

    name: str
    pieces: Iterator[bytes]


def export_person(caller: Caller, person_id: UUID) -> Export:
    """All that is a person's own: for themselves and for an administrator. Raises NotFound."""
    if caller.user != person_id or caller.scopes is not None:
        caller.require(Permission.WRITE_PEOPLE)
    person = User.objects.filter(id=person_id, erased_at=None).first()
    if person is None:
        raise NotFound("There is no such person.")
    at = clock.now()
    stream = Stream("person", person.id, person.organisation_id)
    append(stream, [Entry("person.exported", at)], actor=caller.actor)
    opened.about(None, "export", person.id)
    whose = Whose(person.organisation_id, person.id)
    return Export(f"baken-person-{person.id}.zip", step_by_step(EXPORT, archive.pieces(whose, at)))


def export_organisation(caller: Caller, code: str) -> Export:
    """All that is an organisation's and that it may see itself: for an administrator. Raises NotFound."""
    caller.require(Permission.WRITE_PEOPLE)
    organisation = Organisation.objects.filter(code=code, erased_at=None).first()
    if organisation is None:
        raise NotFound("There is no such customer.")
    at = clock.now()
    stream = Stream("organisation", organisation.id, organisation.id)
    append(stream, [Entry("organisation.exported", at)], actor=caller.actor)
    opened.about(None, "export", organisation.id)
    return Export(
        f"baken-organisation-{organisation.code}.zip", step_by_step(EXPORT, archive.pieces(Whose(organisation.id), at))
    )


def erase_person(caller: Caller, person_id: UUID, *, confirmation: str) -> Tombstone:
    """Begin to erase a person. confirmation: their e-mail address, typed once more.

    From here on nobody gets in as them, their name and address are gone, and the address is free. Raises ErasureError,
    NotFound, Conflict.
    """
    caller.require(Permission.WRITE_PEOPLE)
    _can_be_written_down()
    with acting(work.ERASURE), transaction.atomic():  # who erases sees no sessions but their own
        last = people.administrators() == {person_id}
        # The organisation first, as everywhere, and so that others still write there: see `privacy.writers`.
        Organisation.objects.select_for_update(no_key=True, of=("self",)).filter(people=person_id).first()
        person = User.objects.select_for_update().filter(id=person_id, erased_at=None).first()
        if person is None:
            raise NotFound("There is no such person.")
        if person.email_key not in address_keys(confirmation):
            raise ErasureError("confirmation: type the e-mail address of this person")
        if last:
            raise ErasureError("person: nobody else is an administrator; make somebody else one first")
        row = _begun(caller, Tombstone.Kind.PERSON, person.id, person.organisation_id, clock.now())
    work.settle()
    return row


def erase_organisation(caller: Caller, code: str, *, confirmation: str) -> Tombstone:
    """Begin to erase a customer with all its people. confirmation: its code, typed once more.

    From here on nobody of them gets in, and nothing that they wrote can be read: their keys are destroyed. Raises
    ErasureError, NotFound, Conflict while something of theirs is still being worked on.
    """
    caller.require(Permission.WRITE_PEOPLE)
    _can_be_written_down()
    with acting(work.ERASURE), transaction.atomic():  # who erases sees no sessions but their own
        customer = Organisation.objects.select_for_update().filter(code=code, erased_at=None).first()
        if customer is None:
            raise NotFound("There is no such customer.")
        if customer.kind == Organisation.Kind.PROVIDER:
            raise ErasureError("customer: the provider itself cannot be erased; remove the installation instead")
        if confirmation.strip() != customer.code:
            raise ErasureError("confirmation: type the code of this customer")
        _nothing_under_way(customer)
        row = _begun(caller, Tombstone.Kind.ORGANISATION, customer.id, customer.id, clock.now())
    work.settle()
    return row


def _can_be_written_down() -> None:
    try:
        tombstones.settle()
        tombstones.check_place()
    except tombstones.TombstoneError as error:
        log.error("nobody is erased: %s", error)
        raise Conflict(
            "Nobody is erased now: the list of who was erased has to be put right first. The log says what is wrong."
        ) from error


def _begun(caller: Caller, kind: str, subject: UUID, organisation: UUID, at: datetime) -> Tombstone:
    row = tombstones.add(kind, subject, organisation, at)
    work.take_effect(row, caller.actor)
    return row


def _nothing_under_way(customer: Organisation) -> None:
    """What is open could no longer be ended with a word to anybody."""
    open_ones = Q(outcome="") & ~Q(status__in=[Incident.Status.RESOLVED, Incident.Status.CLOSED])
    if number := Incident.objects.filter(open_ones, organisation=customer).count():
        raise Conflict(
            f"Incidents of this customer that are still open: {number}. Resolve them or leave them out first."
        )
    if number := Complaint.objects.filter(organisation=customer, decided_at=None, left_out="").count():
        raise Conflict(f"Complaints of this customer that are not decided: {number}. Decide them first.")
