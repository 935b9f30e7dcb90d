"""The table of the API: every operation, with a body that does it and what each of `WHO` gets. See `test_api_table`.

What answers beside operations (the reference, the document) has its rows in `tests/page_table.py`.
"""

from dataclasses import dataclass
from typing import Any

from baken.domain.agreements import default_terms
from baken.show.api.terms import AgreedTerms, plain
from tests.contracts.api_world import KEY

TERMS = AgreedTerms.model_validate(plain(default_terms("Europe/Amsterdam"))).model_dump(mode="json")
PERIOD = "service=cloud&from=2026-03-01&to=2026-04-01"
MARCH = {"service": "cloud", "from": "2026-03-01", "to": "2026-04-01"}
MULTIPART = 'multipart/form-data; boundary="b"'
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\r\n--b--\r\n'


@dataclass(frozen=True)
class Row:
    """The answers, in the order of `WHO`; `query` and `body` make the request one that is done.

    shows: it tells the provider's people what a customer wrote or who they are, so a look at it is written down.
    """

    answers: str
    body: Any = None
    query: str = ""
    shows: bool = False


WHO = ("customer", "stranger", "agent", "manager", "administrator", "auditor", "other auditor")


def row(answers: str, body: Any = None, query: str = "", *, shows: bool = False) -> Row:
    """A row; where nothing is said of the other auditor, they get what the one does who was invited."""
    told = answers.split()
    return Row(" ".join([*told, *told[-1:]][: len(WHO)]), body, query, shows)


SAID = {"body": "Something."}
WHY = {"reason": "It is so."}
TABLE: dict[str, Row] = {
    "GET /token": row("200 200 200 200 200 200"),
    "GET /incidents": row("200 200 200 200 200 403", shows=True),
    "POST /incidents": row(
        "201 404 201 201 201 403", {"service": "cloud", "customer": "customer", "subject": "Down"}, shows=True
    ),
    "POST /incidents/search": row("200 200 200 200 200 403", {"words": "down"}, shows=True),
    "GET /incidents/{number}": row("200 404 200 200 200 403", shows=True),
    "GET /incidents/{waiting}/messages": row("200 404 200 200 200 403", shows=True),
    "POST /incidents/{number}/answers": row("201 404 201 201 201 403", SAID, shows=True),
    "GET /incidents/{number}/facts": row("403 403 200 200 200 403"),
    "POST /incidents/{number}/replies": row("403 403 201 201 201 403", SAID, shows=True),
    "POST /incidents/{number}/notes": row("403 403 201 201 201 403", SAID, shows=True),
    "POST /incidents/{number}/calls": row("403 403 201 201 201 403", SAID, shows=True),
    "POST /incidents/{number}/pickup": row("403 403 201 201 201 403", {}, shows=True),
    "PUT /incidents/{number}/assignee": row("403 403 200 200 200 403", {"user": None}, shows=True),
    "POST /incidents/{number}/waiting": row(
        "403 403 201 201 201 403", {"on": "customer", "question": "Why?"}, shows=True
    ),
    "POST /incidents/{waiting}/resumption": row("403 403 201 201 201 403", shows=True),
    "POST /incidents/{number}/resolution": row("403 403 201 201 201 403", SAID, shows=True),
    "POST /incidents/{resolved}/reopening": row("201 404 201 201 201 403", WHY, shows=True),
    "POST /incidents/{resolved}/closure": row("403 403 201 201 201 403", shows=True),
    "PUT /incidents/{number}/priority": row("403 403 200 200 200 403", WHY | {"impact": 1, "urgency": 1}, shows=True),
    "PUT /incidents/{waiting}/classes": row("403 403 200 200 200 403", WHY | {"classes": ["other"]}, shows=True),
    "POST /incidents/{number}/classes/confirmation": row("403 403 201 201 201 403", shows=True),
    "POST /incidents/{waiting}/outcome": row("201 404 201 201 201 403", WHY | {"outcome": "withdrawn"}, shows=True),
    "POST /incidents/{left_out}/readmission": row("403 403 201 201 201 403", WHY, shows=True),
    "POST /incidents/{waiting}/merge": row("403 403 201 201 201 403", {"into": "{number}"}, shows=True),
    "POST /incidents/{number}/outage": row("403 403 201 201 201 403", {"outage": "{outage}"}, shows=True),
    "POST /incidents/{number}/consent": row(
        "403 403 403 201 403 403", {"cause": "force_majeure", "consent": "Alice agreed."}, shows=True
    ),
    "POST /incidents/{resolved}/facts/{seq}/retraction": row("403 403 403 201 403 403", WHY, shows=True),
    "POST /incidents/{number}/restoration": row("403 403 201 201 201 403", WHY | {"restored": True}, shows=True),
    "POST /incidents/{number}/break-in": row("403 403 403 201 403 403", WHY | {"confirmed": True}, shows=True),
    "GET /incidents/{number}/authority-reports": row("403 403 200 200 200 403"),
    "POST /incidents/{number}/authority-reports": row(
        "403 403 403 201 403 403",
        {"step": "early_warning", "sent": "2026-04-10T08:00:00Z", "reference": "CSIRT-4711"},
        shows=True,
    ),
    "POST /incidents/{number}/attachments": row("201 404 201 201 201 403", FILE, shows=True),
    "GET /incidents/{number}/attachments/{attachment}": row("200 404 200 200 200 403", shows=True),
    "GET /incidents/{number}/clocks": row("200 404 200 200 200 403"),
    "GET /incidents/{number}/clocks/{name}": row("200 404 200 200 200 403"),
    "GET /complaints": row("200 200 403 200 403 403", shows=True),
    "POST /complaints": row(
        "201 404 403 201 403 403", {"service": "cloud", "customer": "customer", "subject": "Slow"} | SAID, shows=True
    ),
    "GET /complaints/{complaint}": row("200 404 403 200 403 403", shows=True),
    "GET /complaints/{complaint}/remarks": row("200 404 403 200 403 403", shows=True),
    "POST /complaints/{complaint}/remarks": row("403 403 403 201 403 403", SAID | {"visible": True}),
    "POST /complaints/{complaint}/answers": row("201 404 403 201 403 403", SAID),
    "POST /complaints/{complaint}/acknowledgement": row("403 403 403 201 403 403", SAID, shows=True),
    "POST /complaints/{complaint}/outcome": row("403 403 403 201 403 403", SAID | {"outcome": "upheld"}, shows=True),
    "POST /complaints/{complaint}/exclusion": row("403 403 403 201 403 403", WHY | {"outcome": "test"}, shows=True),
    "POST /complaints/{complaint}/attachments": row("201 404 403 201 403 403", FILE, shows=True),
    "GET /complaints/{complaint}/attachments/{evidence}": row("200 404 403 200 403 403", shows=True),
    "GET /services": row("200 200 200 200 200 403"),
    "POST /services": row(
        "403 403 403 403 201 403", {"code": "mail", "name": "Mail", "valid_from": "2026-01-01", "terms": TERMS}
    ),
    "GET /services/{service}": row("200 404 200 200 200 403"),
    "GET /services/{service}/agreements": row("200 404 200 200 200 403"),
    "POST /services/{service}/agreements": row("403 403 403 403 201 403", {"valid_from": "2026-05-01", "terms": TERMS}),
    "GET /services/{service}/outages": row("200 404 200 200 200 403", query="from=2026-03-01&to=2026-04-01"),
    "GET /customers": row("403 403 200 200 200 403"),
    "POST /customers": row("403 403 403 403 201 403", {"code": "acme", "name": "Acme"}),
    "GET /customers/{customer}": row("200 404 200 200 200 403"),
    "GET /customers/{customer}/subscriptions": row("403 403 403 403 200 403"),
    "POST /customers/{customer}/subscriptions": row(
        "403 403 403 403 201 403", {"service": "other", "since": "2026-04-01T00:00:00Z"}
    ),
    "POST /subscriptions/{subscription}/ending": row("403 403 403 403 204 403"),
    "GET /agents": row("403 403 200 200 200 403"),
    "GET /maintenance": row("200 404 200 200 200 403", query="service=cloud"),
    "POST /maintenance": row(
        "403 403 403 403 201 403",
        {"service": "cloud", "starts": "2026-04-11T00:00:00Z", "ends": "2026-04-11T02:00:00Z"},
    ),
    "POST /maintenance/{maintenance}/cancellation": row("403 403 403 403 204 403"),
    "GET /monitors": row("200 200 200 200 200 403"),
    "POST /monitors": row(
        "403 403 403 403 201 403", {"service": "cloud", "name": "Front", "url": "https://cloud.example/"}
    ),
    "GET /monitors/{monitor}": row("200 404 200 200 200 403"),
    "PATCH /monitors/{monitor}": row("403 403 403 403 200 403", {"interval": 60}),
    "POST /monitors/{monitor}/ending": row("403 403 403 403 204 403"),
    "GET /locations": row("403 403 403 403 200 403"),
    "POST /locations": row("403 403 403 403 201 403", {"code": "rtm-1", "public_key": KEY}),
    "PUT /locations/{location}/key": row("403 403 403 403 200 403", {"public_key": KEY}),
    "POST /locations/{location}/revocation": row("403 403 403 403 201 403"),
    "GET /kpis": row("200 404 200 200 200 403", query=PERIOD),
    "GET /kpis/{kpi}/evidence": row("200 404 200 200 200 403", query=PERIOD),
    "GET /reports": row("200 200 200 200 200 403"),
    "POST /reports": row("403 403 403 201 403 403", MARCH | {"customer": "customer"}, shows=True),
    "GET /reports/{report}": row("404 404 200 200 200 403"),
    "GET /reports/{report}/correction": row("404 404 200 200 200 403"),
    "GET /improvements": row("200 404 200 200 200 403", query=PERIOD),
    "POST /improvements": row(
        "403 403 403 201 403 403",
        MARCH | {"kpi": "C1", "cause": "A disk.", "action": "Warn.", "owner": "Us", "due": "2026-05-01"},
    ),
    "GET /looks": row("200 200 403 200 200 403"),
    "POST /people/{somebody}/export": row("403 403 403 403 200 403", shows=True),
    "POST /people/{somebody}/erasure": row("403 403 403 403 201 403", {"confirmation": "gone@empty.example"}),
    "POST /customers/{empty}/export": row("403 403 403 403 200 403", shows=True),
    "POST /customers/{empty}/erasure": row("403 403 403 403 201 403", {"confirmation": "empty"}),
    "GET /erasures": row("403 403 403 403 200 403"),
    "GET /erasures/{erasure}": row("403 403 403 403 200 403"),
    "GET /audits": row("403 403 403 200 200 200"),
    "POST /audits": row(
        "403 403 403 201 403 403", {"services": ["cloud"], "period_from": "2026-03-01", "period_to": "2026-03-02"}
    ),
    "GET /audits/{audit}": row("403 403 403 200 200 200 404"),
    "PATCH /audits/{audit}": row("403 403 403 200 403 200 404", {"method": "Interviews."}),
    "POST /audits/{audit}/report": row("403 403 403 201 403 201 404", FILE),
    "GET /audits/{audit}/report": row("403 403 403 200 200 200 404"),
    "GET /audits/{audit}/findings": row("403 403 403 200 200 200 404"),
    "POST /audits/{audit}/findings": row("403 403 403 201 403 201 404", {"title": "Old TLS", "severity": "low"}),
    "POST /audits/{audit}/invitation": row("403 403 403 201 403 403", WHY | {"invited": "{auditor}"}),
    "POST /audits/{audit}/withdrawal": row("403 403 403 201 403 403", WHY),
    "PATCH /findings/{finding}": row("403 403 403 403 403 200 404", {"severity": "low"}),
    "DELETE /findings/{finding}": row("403 403 403 403 403 204 404"),
    "POST /findings/{finding}/closure": row("403 403 403 201 403 201 404", {"evidence": "Scanned again."}),
    "POST /findings/{closed}/reopening": row("403 403 403 201 403 201 404", WHY),
    "POST /audits/{audit}/sign-off": row("403 403 403 403 403 201 404", {"grade": 7.8, "version": "{version}"}),
    "POST /alerts/{alert_source}": row("403 403 403 403 200 403", {"rule": "Port scan", "level": "high"}),
    "GET /alert-sources": row("403 403 403 200 200 403"),
    "POST /alert-sources": row("403 403 403 403 201 403", {"code": "ids", "tool": "generic", "service": "cloud"}),
    "GET /alert-sources/{alert_source}": row("403 403 403 200 200 403"),
    "PATCH /alert-sources/{alert_source}": row("403 403 403 403 200 403", {"minimum": "high"}),
    "GET /alert-groups": row("403 403 403 200 200 403"),
    "GET /security-reviews": row("403 403 403 200 200 403"),
    "POST /security-reviews": row(
        "403 403 403 201 201 403",
        {"service": "cloud", "began": "2026-03-01T00:00:00Z", "ended": "2026-04-01T00:00:00Z"},
    ),
    "POST /security-reviews/{review}/retraction": row("403 403 403 201 403 403", WHY),
    "GET /restore-drills": row("403 403 403 200 200 403"),
    "POST /restore-drills": row(
        "403 403 403 201 201 403", {"service": "cloud", "finished": "2026-04-01T00:00:00Z", "outcome": "passed"}
    ),
    "POST /restore-drills/{drill}/retraction": row("403 403 403 201 403 403", WHY),
}
"""What stands in braces is one of the world's names, which say more than those of the addresses."""

OTHERS = {"GET /health", "GET /prober/assignment", "POST /prober/results"}
"""Answered without a token; see the tests of health and of probers."""
