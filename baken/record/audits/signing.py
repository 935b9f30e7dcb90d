"""The sign-off: an auditor's grade for what they have read, after which nothing of an audit changes.

Errors are those of `audits.flows`.
"""

from datetime import datetime
from secrets import token_hex

from django.db import connection, transaction

from baken.record.audits import project, reads
from baken.record.audits.flows import AuditError, Conflict, for_whoever_signs, locked, stream_of
from baken.record.audits.models import Audit
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, append
from baken.record.people.access import Caller, program
from baken.record.people.acting import acting

NEEDED = ("auditor", "accreditation", "independence", "scope", "method")
"""What an audit says of itself before it is signed off; nothing may be excluded, so that may stay empty."""


@transaction.atomic
def sign_off(
    caller: Caller, number: int, *, grade: int, version: str, scale: str = "1-10",
    signed_off_at: datetime | None = None,
) -> Audit:  # fmt: skip
    """The auditor's grade, in tenths from 10 to 100, counts from now or from the earlier `signed_off_at`.

    version: that of the audit as whoever signs has read it, see `reads.version`; Conflict if it was changed since. An
    auditor who was invited gives it themself: nobody grades their own service.
    """
    audit = locked(caller, number)
    for_whoever_signs(caller, audit)
    if version != reads.version(audit):
        raise Conflict("The audit was changed after you read it: read it again, and sign it off then.")
    at = signed_off_at or clock.now()
    if not 10 <= grade <= 100:
        raise AuditError("grade: the auditor gives a grade from 1.0 to 10.0")
    if scale != "1-10":
        raise AuditError("scale: the auditor gives the grade from 1 to 10; nobody converts another scale")
    if at > clock.now():
        raise AuditError("signed off: this instant has not come yet")
    if audit.report is None:
        raise AuditError("report: attach the signed report file first")
    if empty := [name for name in NEEDED if not getattr(audit, name).strip()]:
        raise AuditError(f"description: write down first: {', '.join(empty)}")
    data = {
        "services": [str(id) for id in audit.services], "grade": grade, "scale": scale,
        "report_sha256": audit.report.sha256, "auditor": _code_of(audit),
        "by": "provider" if caller.staff or audit.invited_id is None else "auditor",
    }  # fmt: skip
    Audit.objects.filter(id=audit.id).update(signed_off_by=caller.user)
    append(stream_of(audit), [Entry("audit.signed_off", at, data)], actor=caller.actor)
    project.audits([audit.id])
    audit.refresh_from_db()
    return audit


def _code_of(audit: Audit) -> str:
    """What stands for an auditor's name on the ledger: two audits of one auditor, by account or name, have the same.

    It is random, because what is on the ledger stays when the keys are replaced and when a name is erased; after that
    nobody can tell whose it was, and nothing takes the place of that grade until it ends. The program looks for it: an
    auditor sees none of the audits of others.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('auditor', 0))")
    with acting(program("audits")):
        earlier = list(Audit.objects.exclude(auditor_code="").order_by("signed_off_at"))
    return next((it.auditor_code for it in earlier if _same_auditor(it, audit)), token_hex(8))


def _same_auditor(one: Audit, other: Audit) -> bool:
    account = one.signed_by_auditor and one.invited_id == other.invited_id
    return account or _folded(one.auditor) == _folded(other.auditor)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
