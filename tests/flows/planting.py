"""Plants secrets in an installation of its own, through all that takes text from people, and reads them back.

Run as a program, with the database in DATABASE_URL and `{"mark": …}` as its argument: every secret is the mark with
other random letters behind it. Prints what was planted and two tokens for the API as JSON, on its last line.
"""

import json
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any

from baken.run.ready import django_ready
from tests.flows import planting_doors as doors

MARCH = datetime(2026, 3, 2, 9, tzinfo=UTC)
APRIL = datetime(2026, 4, 2, 9, tzinfo=UTC)
PASSWORD = "correct horse battery"


class Secrets:
    """Makes secrets and remembers them."""

    def __init__(self, mark: str) -> None:
        self.mark, self.made = mark, []
        self._random = random.Random(mark)

    def __call__(self, words: int = 1) -> str:
        made = [self.mark + "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(words)]
        self.made += made
        return " ".join(made)

    def unkept(self) -> str:
        """One that is kept nowhere, as a password is not: nobody reads it back."""
        return self.mark + "unkept"


def plant(secret: Secrets) -> dict[str, str]:
    """Through the flows, the pages and the API; two tokens, and the keys of a session and of a prober."""
    from baken.record.ledger import clock

    with clock.at(MARCH - timedelta(days=60)):
        world = people_and_services(secret)
    with clock.at(MARCH):
        desk(secret, world)
        grievances(secret, world)
        other_records(secret, world)
    with clock.at(APRIL):
        sealed_report(secret, world)
        ways_in(secret, world)
        session = pages(secret, world)
    return {
        "session": session, "customer": world["customer_token"], "provider": world["provider_token"],
        "address": world["customer_user_row"].email, "leaver": world["leaver_row"].email,
        "prober_key": world["prober_key"],
    }  # fmt: skip


def people_and_services(secret: Secrets) -> dict[str, Any]:
    from baken.domain.agreements import default_terms
    from baken.record.catalogue import flows as catalogue
    from baken.record.ledger import clock
    from baken.record.people import flows as people
    from baken.record.people.access import ALLOWED, Role, program
    from baken.record.people.reads import caller_of

    tests, world = program("tests"), dict[str, Any]()
    for kind in ("provider", "customer"):
        world[kind] = catalogue.add_organisation(
            tests, code=kind, name=secret(2), kind=kind, language="en", zone="Europe/Amsterdam"
        )
    world["service"] = catalogue.add_service(
        tests, provider=world["provider"], code="cloud", name=secret(), description=secret(3),
        terms=default_terms("Europe/Amsterdam"), valid_from=clock.now(),
    )  # fmt: skip
    catalogue.subscribe(tests, service=world["service"], organisation=world["customer"], since=clock.now())
    roles = {
        "agent": Role.AGENT, "manager": Role.MANAGER, "auditor": Role.AUDITOR, "customer_user": Role.CUSTOMER,
        "leaver": Role.CUSTOMER, "administrator": Role.ADMINISTRATOR,
    }  # fmt: skip
    for name, role in roles.items():
        owner = world["customer" if role is Role.CUSTOMER else "provider"]
        user = people.add_user(
            tests, organisation=owner, email=f"{secret()}@{secret()}.example", name=secret(2), roles=[role],
            password=PASSWORD, language="en",
        )  # fmt: skip
        world[name], world[f"{name}_row"] = caller_of(user), user
    for owner, role, user in (("customer", Role.CUSTOMER, "customer_user"), ("provider", Role.AUDITOR, "auditor")):
        _row, world[f"{owner}_token"] = people.add_token(
            tests, organisation=world[owner], name=secret(), role=role, scopes=ALLOWED[role], user=world[f"{user}_row"]
        )
    return world


def desk(secret: Secrets, world: dict[str, Any]) -> None:
    from baken.domain.facts import Waiting
    from baken.record.incidents import flows
    from baken.record.incidents.models import Message
    from baken.record.ledger import clock

    agent, customer = world["agent"], world["customer_user"]
    for hour in range(5):
        with ExitStack() as moments:
            moments.enter_context(clock.at(MARCH + timedelta(hours=hour)))
            number = flows.report(
                customer, organisation=world["customer"], service=world["service"], subject=secret(2),
                body=f"The {secret(2)} is broken.\n{secret()}", classes=["availability"],
            ).number  # fmt: skip
            moments.enter_context(clock.at(MARCH + timedelta(hours=hour, minutes=10)))
            flows.reply(agent, number, body=secret(2))
            # Were it plain, PostgreSQL would compress this.
            flows.note(agent, number, body=f"{secret()} {'so it was, ' * 1_000} {secret()}")
            flows.log_call(agent, number, body=secret())
            flows.change_priority(agent, number, impact=1, urgency=1, reason=secret())
            flows.answer(world["leaver"], number, body=secret(2), files=[attachment(secret, world)])
            flows.save_draft(agent, number, kind=Message.Kind.NOTE, body=secret(2))
            flows.wait(agent, number, on=Waiting.CUSTOMER, question=secret())
            flows.answer(customer, number, body=secret(2))
            flows.resolve(agent, number, body=secret())
            flows.confirm_classes(agent, number)


def grievances(secret: Secrets, world: dict[str, Any]) -> None:
    from baken.record.complaints import flows

    for _ in range(3):
        number = flows.lodge(
            world["customer_user"], organisation=world["customer"], service=world["service"], subject=secret(2),
            body=secret(3),
        ).number  # fmt: skip
        flows.acknowledge(world["manager"], number, body=secret())
        flows.remark(world["manager"], number, body=secret(2), visible_to_customer=False)
        flows.answer(world["manager"], number, body=secret(2), files=[attachment(secret, world)])


def attachment(secret: Secrets, world: dict[str, Any]) -> Any:
    """A file that has arrived, of several pieces."""
    from baken.record.ledger import clock
    from baken.record.orgs import files

    content = "".join(f"{secret()} {'-' * 30_000}\n" for _ in range(4)).encode()
    return files.receive(world["customer"], name=f"{secret()}.txt", content=content, at=clock.now())


def ways_in(secret: Secrets, world: dict[str, Any]) -> None:
    from baken.record.ledger import clock

    doors.second_factors(world["agent_row"], secret(2), clock.now())
    doors.identity_provider(secret, world["administrator"], world["provider"])
    doors.honey_tokens(secret, world["administrator"], world["provider"])
    doors.storm(secret)
    doors.alerts(secret, world)


def other_records(secret: Secrets, world: dict[str, Any]) -> None:
    from baken.reach.prober import signing
    from baken.record.audits import flows as audits
    from baken.record.catalogue import flows as catalogue
    from baken.record.ledger import clock
    from baken.record.monitors import flows as monitors
    from baken.record.orgs import files
    from baken.record.people.access import program
    from baken.record.recovery import flows as recovery

    tests, service, now = program("tests"), world["service"], clock.now()
    catalogue.announce_maintenance(
        tests, service=service, starts=now + timedelta(days=9), ends=now + timedelta(days=10), reason=secret(2)
    )
    world["prober_key"], public = signing.generate_key()
    place = monitors.add_location(tests, provider=world["provider"], code="ams", name=secret(2), public_key=public)
    monitor = monitors.add_monitor(
        tests, service=service, name=secret(), url=f"https://{secret()}.example/{secret()}", expect_text=secret(2)
    )
    monitors.tell_problems(place, [monitors.Told(monitor.id, "dns", secret(2))], at=now)
    recovery.record(tests, service=service, finished=now, outcome="passed", remarks=secret(3))
    audits.record_review(world["manager"], service=service, began=now - timedelta(days=2), ended=now, remarks=secret(3))
    drill = recovery.record(tests, service=service, finished=now, outcome="passed", remarks=secret(2))
    recovery.retract(world["manager"], drill.id, reason=secret(2))
    review = audits.record_review(world["manager"], service=service, began=now - timedelta(days=1), ended=now)
    audits.retract_review(world["manager"], review.id, reason=secret(2))
    asked = {
        "provider": world["provider"], "services": [service], "invited": world["auditor_row"],
        "period_from": date(2026, 1, 1), "period_to": date(2026, 3, 1),
    }  # fmt: skip
    audit = audits.open_audit(world["manager"], **asked)
    audits.withdraw(world["manager"], audits.open_audit(world["manager"], **asked).number, reason=secret(2))
    texts = ("auditor", "accreditation", "independence", "scope", "exclusions", "method")
    audits.describe(world["auditor"], audit.number, **{name: secret(2) for name in texts})
    finding = audits.add_finding(
        world["auditor"], audit.number, title=secret(2), detail=secret(4), severity="high", owner=secret()
    )
    audits.close_finding(world["auditor"], finding.id, evidence="On paper")
    audits.reopen_finding(world["auditor"], finding.id, reason=secret(2))
    audits.close_finding(world["auditor"], finding.id, evidence=secret(2))
    content = b"%PDF-1.7\n" + b"".join(f"{secret()} {'-' * 30_000}\n".encode() for _ in range(10))
    report = files.receive(audit.organisation, name=f"{secret()}.pdf", content=content, at=now, kind="report")
    audits.attach_report(world["auditor"], audit.number, file=report)


def sealed_report(secret: Secrets, world: dict[str, Any]) -> None:
    from baken.domain.instants import to_us
    from baken.record.reports import flows, reads, sealed

    scope = reads.scope(
        world["manager"], service=world["service"], customer=None, date_from=date(2026, 3, 1),
        date_to=date(2026, 4, 1), as_of=to_us(APRIL),
    )  # fmt: skip
    for code in sealed.missing(world["manager"], scope, reads.report(world["manager"], scope)).improvements:
        flows.improve(
            world["manager"], scope, code, cause=secret(2), action=secret(2), owner=secret(), due=date(2026, 5, 1)
        )
    flows.seal(world["manager"], scope)


def pages(secret: Secrets, world: dict[str, Any]) -> str:
    """Somebody signs in, reports, searches, and does what does not fit; the key of their session."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.test import Client

    client, address = Client(raise_request_exception=False), world["customer_user_row"].email
    client.post("/sign-in/", {"email": f"{secret.mark}@nobody.example", "password": "wrong"})
    answer = client.post("/sign-in/", {"email": address, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    report = {
        "service": "cloud", "subject": secret(2), "message": secret(2), "impact": 2, "urgency": 2, "classes": ["other"],
    }  # fmt: skip
    sent = SimpleUploadedFile(f"{secret()}.txt", f"{secret()} {'-' * 100_000} {secret()}".encode())
    answer = client.post("/incidents/new/", {**report, "file": [sent]})
    assert answer.status_code == 302, answer.content.decode()[:3_000]
    client.post("/incidents/new/", {**report, "subject": secret.mark * 20, "service": secret.mark})
    client.post("/incidents/", {"words": report["subject"]}, follow=True)
    client.get(f"/{secret.mark}/")
    return client.cookies["sessionid"].value


def read_back() -> Iterator[tuple[str, str]]:
    """The name of every column with text in it, and all that it says."""
    from baken.record.orgs import files
    from baken.record.orgs.fields import WrittenField
    from baken.record.orgs.models import File
    from baken.record.orgs.rotation import sealed_models

    for model in sealed_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, WrittenField):
                texts = [str(getattr(row, field.attname)) for row in model._default_manager.all()]
                yield f"{model.__name__}.{field.name}", "\n".join(texts)
    for file in File.objects.all():
        yield "FileChunk.content", files.content(file).decode()


def opened_by(session: str) -> dict[str, int]:
    """What a page answers to whoever shows the key of the session, and to who shows what the database knows of it."""
    from django.contrib.sessions.models import Session
    from django.test import Client

    rows = Session.objects.all()
    answers = {}
    for name, shown in [("its key", session), *((f"the row {row.pk}", row.pk) for row in rows)]:
        client = Client()
        client.cookies["sessionid"] = shown
        answers[name] = client.get("/account/").status_code
    return answers


def session_says(session: str) -> str:
    """What it holds: sealed, so that nobody else can look."""
    from baken.record.people.session_store import SessionStore

    said = SessionStore(session).load()
    assert said
    return json.dumps(said)


def main() -> None:
    secret = Secrets(json.loads(sys.argv[1])["mark"])
    django_ready()
    tokens = plant(secret)
    said: dict[str, str] = {}
    for name, text in read_back():
        said[name] = said.get(name, "") + text
    assert secret.mark in session_says(tokens["session"]), "the words of the search are kept"
    lost = [one for one in secret.made if not any(one in text for text in said.values())]
    made = doors.made(said)
    empty = sorted(name for name, text in said.items() if secret.mark not in text and not made.get(name))
    told = {"planted": len(secret.made), "lost": lost, "empty": empty, "made": made, "said_by": sorted(said)}
    print(json.dumps({**told, "opened": opened_by(tokens["session"]), **tokens}))


if __name__ == "__main__":
    main()
