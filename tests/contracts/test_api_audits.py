"""Audits, reviews and drills over the API."""

import hashlib
from typing import Any

import pytest

from baken.record.orgs.arriving import largest
from tests.conftest import Cast
from tests.contracts.asking import Asker, Askers

PDF = b"%PDF-1.7 grade 7.8"
AUDIT = {
    "services": ["cloud"], "auditor": "Secura", "accreditation": "RvA L999", "independence": "No other work here.",
    "scope": "The servers.", "method": "ISO 27001.", "period_from": "2026-03-01", "period_to": "2026-03-14",
}  # fmt: skip


def opened(cast: Cast, ask: Askers, **more: Any) -> str:
    invited = {"invited": str(cast.audrey.user.id)}
    return f"/audits/{ask.mona.post('/audits', AUDIT | invited | more)['number']}"


def upload(asker: Asker, path: str, content: bytes, name: str = "report.pdf") -> Any:
    head = f'--frontier\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    body = head.encode() + b"Content-Type: application/pdf\r\n\r\n" + content + b"\r\n--frontier--\r\n"
    media_type = "multipart/form-data; boundary=frontier"
    return asker.ask("POST", f"{path}/report", content=body, content_type=media_type)


def test_an_auditor_describes_uploads_and_signs_off(cast: Cast, ask: Askers) -> None:
    path = opened(cast, ask, method="")
    assert ask.audrey.get("/audits")["total"] == 1
    assert ask.audrey.patch(path, {"method": "Interviews."})["method"] == "Interviews."
    stale = {"version": ask.audrey.get(path)["version"]}
    assert ask.audrey.problem("POST", f"{path}/sign-off", stale | {"grade": 7.8}) == (422, "report")
    report = upload(ask.audrey, path, PDF).expect(201)["report"]
    assert report == {"name": "report.pdf", "size": len(PDF), "sha256": hashlib.sha256(PDF).hexdigest()}
    download = ask.mona.ask("GET", f"{path}/report")
    assert (download.content, download.headers["Content-Type"]) == (PDF, "application/pdf")
    assert download.headers["Content-Disposition"] == 'attachment; filename="report.pdf"'
    assert ask.audrey.problem("POST", f"{path}/sign-off", stale | {"grade": 7.8}) == (409, None)
    read = {"version": ask.audrey.get(path)["version"]}
    for grade in (0.9, 10.1, 7.85, -1, "x"):
        assert ask.audrey.problem("POST", f"{path}/sign-off", read | {"grade": grade}) == (422, "grade")
    future = read | {"grade": 7.8, "signed_off_at": "2026-04-10T08:00:01Z"}
    assert ask.audrey.problem("POST", f"{path}/sign-off", future)[0] == 422
    signed = ask.audrey.post(f"{path}/sign-off", read | {"grade": 7.8})
    assert (signed["signed_by"], signed["version"]) == ("auditor", None)
    assert (signed["grade"], signed["signed_off_at"]) == (7.8, "2026-04-10T08:00:00Z")
    assert signed["signed_off_by"]["name"] == "Audrey"
    assert ask.audrey.problem("PATCH", path, {"method": "Other."}) == (409, None)
    assert upload(ask.audrey, path, PDF).status == 409


def test_findings_are_followed_after_the_sign_off(cast: Cast, ask: Askers) -> None:
    path = opened(cast, ask)
    finding = {"title": "Old TLS", "severity": "high", "owner": "Platform", "deadline": "2026-06-01"}
    made = ask.audrey.post(f"{path}/findings", finding)
    ask.audrey.post(f"{path}/findings", finding | {"title": "No locks", "severity": "critical"})
    assert [one["title"] for one in ask.mona.get(f"{path}/findings")["items"]] == ["No locks", "Old TLS"]
    upload(ask.audrey, path, PDF)
    ask.audrey.post(f"{path}/sign-off", {"grade": 10, "version": ask.audrey.get(path)["version"]})
    assert ask.mona.problem("POST", f"/findings/{made['id']}/closure", {"evidence": " "}) == (422, "evidence")
    closed = ask.mona.post(f"/findings/{made['id']}/closure", {"evidence": "Scanned again."})
    assert (closed["closed_at"], closed["evidence"]) == ("2026-04-10T08:00:00Z", "Scanned again.")
    assert ask.audrey.problem("POST", f"{path}/findings", finding) == (409, None)


def test_an_audit_of_somebody_else_is_not_there(cast: Cast, ask: Askers) -> None:
    other = f"/audits/{ask.mona.post('/audits', AUDIT)['number']}"
    assert ask.audrey.problem("GET", other) == (404, None)
    assert ask.audrey.problem("PATCH", other, {"method": "Mine."}) == (404, None)
    assert ask.audrey.get("/audits")["total"] == 0
    assert ask.adam.get(other)["invited"] is None
    assert ask.mona.problem("POST", "/audits", AUDIT | {"invited": str(cast.bob.user.id)}) == (404, None)
    assert ask.audrey.problem("POST", "/audits", AUDIT)[0] == 403


def test_the_report_is_a_file_of_a_sensible_size(cast: Cast, ask: Askers) -> None:
    path = opened(cast, ask)
    assert ask.mona.problem("GET", f"{path}/report") == (404, None)
    assert upload(ask.audrey, path, b"").status == 422
    assert upload(ask.audrey, path, PDF + b"x" * largest()).status == 413
    assert upload(ask.audrey, path, PDF, name="../../etc/passwd").expect(201)["report"]["name"] == "passwd"
    assert upload(ask.audrey, path, PDF, name="x" * 300 + ".pdf").status in (201, 422)
    assert ask.audrey.ask("POST", f"{path}/report", {"file": "x"}).status == 422
    broken = ask.audrey.ask("POST", f"{path}/report", content=b"x", content_type="multipart/form-data; boundary=é")
    assert broken.status == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"period_to": "2026-02-01"}, "body"), ({"period_from": "x"}, "period_from"), ({"services": []}, "services"),
        ({"services": ["cloud\x00"]}, "services.0"), ({"auditor": "x" * 201}, "auditor"), ({"grade": 8}, "grade"),
    ],
)  # fmt: skip
def test_an_audit_that_cannot_be_is_refused(ask: Askers, change: dict[str, Any], field: str) -> None:
    status, found = ask.mona.problem("POST", "/audits", AUDIT | change)
    assert (status, found) == (422, field) or (field == "body" and status == 422)


def test_reviews_and_drills_are_recorded(ask: Askers) -> None:
    review = {"service": "cloud", "began": "2026-03-01T00:00:00+01:00", "ended": "2026-04-01T00:00:00+02:00"}
    made = ask.mona.post("/security-reviews", review | {"remarks": "Nothing."})
    assert (made["began"], made["ended"], made["reviewer"]["name"]) == (
        "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", "Mona",
    )  # fmt: skip
    assert ask.mona.get("/security-reviews")["items"] == [made]
    assert ask.mona.problem("POST", "/security-reviews", review | {"ended": review["began"]}) == (422, "ended")
    assert ask.mona.problem("POST", "/security-reviews", review | {"ended": "2026-05-01T00:00:00Z"}) == (422, "ended")
    drill = {"service": "cloud", "finished": "2026-04-09T10:00:00Z", "outcome": "passed", "remarks": "14 minutes."}
    assert ask.adam.post("/restore-drills", drill).items() >= drill.items()
    assert ask.adam.get("/restore-drills")["total"] == 1
    assert ask.adam.problem("POST", "/restore-drills", drill | {"outcome": "perhaps"}) == (422, "outcome")
    assert ask.adam.problem("POST", "/restore-drills", drill | {"finished": "2026-04-11T10:00:00Z"}) == (
        422,
        "finished",
    )
