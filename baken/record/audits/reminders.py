"""What is due of audits: a grade that will not be valid much longer, a finding that has to be solved.

The worker writes each reminder down once, dated at the instant at which it fell, however late it looks. Pages compute
what is due themselves, so they never wait for it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction

from baken.domain.grades import longest
from baken.domain.instants import DAY, to_datetime, to_us
from baken.domain.zones import zone
from baken.record.audits.models import Audit, Finding
from baken.record.audits.reads import Validity, graded_of
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Entry, Stream, append, only_writer

EXPIRING = (60, 30, 7)
"""So many days before a grade is no longer valid somebody is reminded."""
SOLVING = (7, 0)
"""The same before a finding has to be solved, and when it was not."""
GRADE, FINDING = "audit.expiry_reminded", "audit.finding_reminded"  # service or finding, days


@dataclass(frozen=True, slots=True)
class Expiring:
    """The grade that is valid longest for a service, with that service and until when (microseconds)."""

    audit: Audit
    validity: Validity

    def days(self, as_of: int) -> int:
        """Whole days and what is begun of one until it ends; 0 or less when it did."""
        return -((as_of - self.validity.until) // DAY)


def expiring(as_of: int) -> list[Expiring]:
    """For each service that was audited by `as_of` the grade that is valid longest, of those that still stand."""
    found = []
    for service in Service.objects.order_by("created_at"):
        known = graded_of(service)
        last = longest(known, str(service.id), as_of + 1)
        if last is not None:
            found.append(Expiring(known[last], Validity(service, last.until)))
    return found


def unsolved() -> Iterator[tuple[Finding, int]]:
    """Open findings with a deadline, and the instant up to which they have to be solved: the end of that day."""
    rows = (
        Finding.objects.filter(closed_at=None, audit__withdrawn_at=None)
        .exclude(deadline=None)
        .select_related("audit", "organisation")
    )
    for row in rows.order_by("deadline", "id"):
        assert row.deadline is not None
        after = datetime.combine(row.deadline + timedelta(days=1), time(), tzinfo=zone(row.organisation.zone))
        yield row, to_us(after)


def remind() -> int:
    """Write down the reminders that have fallen and are not on the ledger; how many that were."""
    now = to_us(clock.now())
    written = 0
    for found in expiring(now):
        fallen = _fallen(found.validity.until, EXPIRING, now)
        written += _write(found.audit, GRADE, "service", str(found.validity.service.id), fallen)
    for finding, due in unsolved():
        written += _write(finding.audit, FINDING, "finding", str(finding.id), _fallen(due, SOLVING, now))
    return written


def _fallen(due: int, steps: Iterable[int], now: int) -> list[tuple[int, int]]:
    """Days and instant of the reminders that have fallen."""
    return [(days, due - days * DAY) for days in steps if due - days * DAY <= now]


@transaction.atomic
def _write(audit: Audit, kind: str, about: str, id: str, fallen: list[tuple[int, int]]) -> int:
    if not fallen:
        return 0
    only_writer(audit.id)
    before = [fact for fact in ledger.of_stream(audit.id) if fact.kind == kind]
    known = {(fact.data[about], fact.data["days"], fact.at) for fact in before}
    entries = [
        Entry(kind, to_datetime(at), {about: id, "days": days}) for days, at in fallen if (id, days, at) not in known
    ]
    if entries:
        append(Stream("audit", audit.id, audit.organisation_id), entries, actor="clock")
    return len(entries)
