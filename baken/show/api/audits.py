"""External security audits: what they say of themselves, findings, the signed report, the grade."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Query, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field, StringConstraints

from baken.record.audits import flows, reads, signing
from baken.record.audits.models import Audit as Row
from baken.record.audits.models import Finding as FindingRow
from baken.record.catalogue import reads as catalogue
from baken.record.orgs.models import File as FileRow
from baken.record.orgs.models import Organisation
from baken.record.people import reads as people
from baken.record.people.access import Caller, NotFound, Permission
from baken.show import files
from baken.show.api.access import ApiRequest, needs, number_in
from baken.show.api.schemas import (
    Code,
    Day,
    Input,
    Instant,
    Line,
    MaybeLine,
    Moment,
    Number,
    Page,
    Paging,
    Person,
    Reason,
    page,
)

READ, WRITE = Permission.READ_AUDITS, Permission.WRITE_AUDITS
router = Router(tags=["Audits"])

Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000)]
Long = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000)]
Grade = Annotated[Decimal, Field(ge=1, le=10, decimal_places=1, examples=[7.8])]
Severity = Literal["critical", "high", "medium", "low"]


class ReportFile(Schema):
    """The signed report file."""

    name: str = Field(examples=["report.pdf"])
    size: int = Field(description="bytes", examples=[482113])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])


class Description(Input):
    """What an audit says of itself."""

    auditor: MaybeLine = Field("", examples=["Secura Audits"])
    accreditation: MaybeLine = Field("", examples=["RvA L999"])
    independence: Short = Field("", examples=["No other assignments at this provider."])
    scope: Long = Field("", examples=["The servers and the data of the service."])
    exclusions: Long = ""
    method: Short = Field("", examples=["ISO 27001, interviews and a penetration test."])
    next_due: Day | None = Field(None, examples=["2026-09-01"])


class NewAudit(Description):
    """A new audit of some services; the auditor who is invited may fill it in."""

    services: list[Code] = Field(min_length=1, max_length=100)
    invited: UUID | None = Field(None, description="a person with the role of auditor", examples=[None])
    period_from: Day
    period_to: Day = Field(examples=["2026-03-14"])


class Changes(Description):
    """What changes; what is not given stays."""

    period_from: Day | None = None
    period_to: Day | None = Field(None, examples=["2026-03-14"])


class Audit(Schema):
    """An audit by an external party. `grade` is the auditor's own, from 1 to 10, and counts from the sign-off.

    `version` stands for description, findings and report as they are now, and the sign-off names it; null when there is
    nothing more to sign off. `signed_by` is `provider` when the grade was entered for an auditor.
    """

    number: Number
    services: list[str] = Field(examples=[["cloud"]])
    invited: Person | None
    auditor: str
    accreditation: str
    independence: str
    scope: str
    exclusions: str
    method: str
    period_from: Day
    period_to: Day
    next_due: Day | None
    report: ReportFile | None
    grade: float | None = Field(examples=[7.8])
    signed_off_at: Moment | None
    signed_off_by: Person | None
    signed_by: Literal["auditor", "provider"] | None
    withdrawn_at: Moment | None = Field(examples=[None])
    reason: str = Field(description="why it was withdrawn, or asked of another auditor", examples=[""])
    version: str | None = Field(examples=["2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"])
    created_at: Moment

    @staticmethod
    def resolve_signed_by(row: Row) -> str | None:
        """Who signed it off."""
        return ("auditor" if row.signed_by_auditor else "provider") if row.signed_off_at else None

    @staticmethod
    def resolve_version(row: Row) -> str | None:
        """What a sign-off names."""
        return reads.version(row) if reads.open_still(row) else None

    @staticmethod
    def resolve_services(row: Row) -> list[str]:
        """Their codes."""
        return [service.code for service in reads.in_scope(row)]

    @staticmethod
    def resolve_grade(row: Row) -> float | None:
        """It is kept in tenths."""
        return None if row.grade is None else row.grade / 10


class Finding(Schema):
    """Something the auditor found, followed to its closure."""

    id: UUID
    title: str = Field(examples=["Old TLS versions are accepted"])
    detail: str
    severity: Severity
    owner: str = Field(examples=["Platform team"])
    deadline: Day | None
    closed_at: Moment | None = Field(examples=[None])
    closed_by: Person | None = Field(examples=[None])
    evidence: str = Field(examples=[""])
    doubt: str = Field(description="why it was opened again", examples=[""])


class NewFinding(Input):
    """One finding."""

    title: Line = Field(examples=["Old TLS versions are accepted"])
    detail: Long = ""
    severity: Severity
    owner: MaybeLine = Field("", examples=["Platform team"])
    deadline: Day | None = None


class FindingChanges(Input):
    """What changes of a finding; what is not given stays."""

    title: Line | None = Field(None, examples=["Old TLS versions are accepted"])
    detail: Long | None = None
    severity: Severity | None = None
    owner: MaybeLine | None = Field(None, examples=["Platform team"])
    deadline: Day | None = None


class Invitation(Reason):
    """Another auditor, and why."""

    invited: UUID = Field(description="a person with the role of auditor")


class Closure(Input):
    """What shows that a finding is solved."""

    evidence: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)] = Field(
        examples=["TLS 1.0 and 1.1 are off; scan of 4 May attached to change 118."]
    )


class SignOff(Input):
    """The auditor's grade, for the version of the audit that they have read."""

    grade: Grade
    version: Annotated[str, StringConstraints(max_length=100)] = Field(
        examples=["2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"]
    )
    signed_off_at: Instant | None = Field(None, description="when the auditor signed; now if not given")


@router.get("/audits", response=Page[Audit], **needs("List audits", READ))
def listing(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """Every audit, newest first; for an auditor those they were invited to."""
    return page(reads.visible(request.auth), paging)


@router.post(
    "/audits",
    response={201: Audit},
    **needs("Open an audit", WRITE, READ, Permission.READ_CATALOGUE, answers=(404,)),
)
def open_audit(request: ApiRequest, data: NewAudit) -> Row:
    """A new audit, to be filled in by the auditor who is invited or by the service manager, who alone opens them."""
    caller, provider = request.auth, people.provider()
    if provider is None:
        raise NotFound("There is no provider yet; finish the first-run setup.")
    return flows.open_audit(
        caller,
        provider=provider,
        services=[catalogue.service(caller, code) for code in data.services],
        invited=people.one_of(people.auditors(), data.invited) if data.invited else None,
        **data.model_dump(exclude={"services", "invited"}),
    )


@router.get("/audits/{number}", response=Audit, **needs("Read an audit", READ))
def read(request: ApiRequest, number: Number) -> Row:
    """One audit."""
    return reads.audit(request.auth, number)


@router.patch("/audits/{number}", response=Audit, **needs("Describe an audit", WRITE, READ, answers=(409,)))
def describe(request: ApiRequest, number: Number, data: Changes) -> Row:
    """Fill in what the audit says of itself, before it is signed off."""
    given = data.model_dump(exclude_unset=True)
    kept = {name: value for name, value in given.items() if value is not None or name == "next_due"}
    return flows.describe(request.auth, number, **kept)


@router.post(
    "/audits/{number}/invitation",
    response={201: Audit},
    **needs("Invite another auditor", WRITE, READ, answers=(409,)),
)
def invite(request: ApiRequest, number: Number, data: Invitation) -> Row:
    """The service manager asks another auditor, because the one who was asked is gone or cannot do it."""
    invited = people.one_of(people.auditors(), data.invited)
    return flows.invite(request.auth, number, invited=invited, reason=data.reason)


@router.post(
    "/audits/{number}/withdrawal", response={201: Audit}, **needs("Withdraw an audit", WRITE, READ, answers=(409,))
)
def withdraw(request: ApiRequest, number: Number, data: Reason) -> Row:
    """The service manager ends an audit that nobody will sign off. It stays readable."""
    return flows.withdraw(request.auth, number, reason=data.reason)


def _report_goes(request: HttpRequest, caller: Caller) -> tuple[Organisation, str]:
    return flows.report_goes_to(caller, number_in(request)), FileRow.Kind.REPORT


@router.post(
    "/audits/{number}/report",
    response={201: Audit},
    **needs("Upload the signed report", WRITE, READ, answers=(409,), receives=_report_goes),
)
def upload(request: ApiRequest, number: Number, file: File[UploadedFile]) -> Row:
    """The signed report file, as multipart/form-data: a PDF, an OpenDocument or Office file, plain text or an image.

    At most 25 MB, if nothing else was set. Its SHA-256 is what the sign-off signs.
    """
    return flows.attach_report(request.auth, number, file=files.arrived(file))


@router.get("/audits/{number}/report", **needs("Download the signed report", READ))
def download(request: ApiRequest, number: Number) -> HttpResponse:
    """The report file as it was uploaded, or the one range of it that is asked for. Its ETag is its SHA-256.

    It is checked while it is read: when it turns out damaged half-way, the connection breaks off.
    """
    report = reads.audit(request.auth, number).report
    if report is None:
        raise NotFound("This audit has no report yet.")
    return files.download(request, report)


@router.get("/audits/{number}/findings", response=Page[Finding], **needs("List findings", READ))
def findings(request: ApiRequest, number: Number, paging: Query[Paging]) -> Mapping[str, Any]:
    """The findings of an audit: open ones first, the gravest first."""
    return page(reads.findings(request.auth, reads.audit(request.auth, number)), paging)


@router.post(
    "/audits/{number}/findings", response={201: Finding}, **needs("Add a finding", WRITE, READ, answers=(409,))
)
def add_finding(request: ApiRequest, number: Number, data: NewFinding) -> FindingRow:
    """One finding, with severity, owner and deadline."""
    return flows.add_finding(request.auth, number, **data.model_dump())


@router.patch("/findings/{id}", response=Finding, **needs("Change a finding", WRITE, READ, answers=(409,)))
def change_finding(request: ApiRequest, id: UUID, data: FindingChanges) -> FindingRow:
    """Until the sign-off; by the auditor who was invited, if one was."""
    given = data.model_dump(exclude_unset=True)
    kept = {name: value for name, value in given.items() if value is not None or name == "deadline"}
    return flows.change_finding(request.auth, id, **kept)


@router.delete("/findings/{id}", response={204: None}, **needs("Remove a finding", WRITE, READ, answers=(409,)))
def remove_finding(request: ApiRequest, id: UUID) -> None:
    """Until the sign-off; by the auditor who was invited, if one was."""
    flows.remove_finding(request.auth, id)


@router.post("/findings/{id}/closure", response={201: Finding}, **needs("Close a finding", WRITE, READ, answers=(409,)))
def close_finding(request: ApiRequest, id: UUID, data: Closure) -> FindingRow:
    """The finding is solved; findings are followed after the sign-off too."""
    return flows.close_finding(request.auth, id, evidence=data.evidence)


@router.post(
    "/findings/{id}/reopening", response={201: Finding}, **needs("Reopen a finding", WRITE, READ, answers=(409,))
)
def reopen_finding(request: ApiRequest, id: UUID, data: Reason) -> FindingRow:
    """It is not solved after all; it is followed as before it was closed."""
    return flows.reopen_finding(request.auth, id, reason=data.reason)


@router.post("/audits/{number}/sign-off", response={201: Audit}, **needs("Sign off", WRITE, READ, answers=(409,)))
def sign_off(request: ApiRequest, number: Number, data: SignOff) -> Row:
    """The auditor's own grade, which counts from now, or from when the auditor signed. It needs the signed report.

    Conflict when the audit was changed after the `version` that is named: read it again.
    """
    return signing.sign_off(
        request.auth, number, grade=int(data.grade * 10), version=data.version, signed_off_at=data.signed_off_at
    )
