"""What an export holds, and what it does not: a colleague's text, an internal note, a secret."""

import hashlib
import io
import json
import secrets
import tracemalloc
import zipfile

import pytest

from baken.record.audits import flows as audits
from baken.record.ledger import reads as ledger
from baken.record.orgs.models import Organisation
from baken.record.people import flows as people
from baken.record.people import sessions
from baken.record.people.access import Forbidden, NotFound, Permission, Role
from baken.record.people.reads import caller_of_token
from baken.record.privacy import flows
from tests.conftest import START, Cast
from tests.flows.erasing import colleague_of_alice, complained, kept, talked, written


def everything(found: dict[str, object]) -> str:
    return json.dumps({name: str(content) for name, content in found.items()})


def test_a_person_takes_along_what_is_theirs_and_nobody_elses(cast: Cast) -> None:
    carl = colleague_of_alice(cast)
    talked(cast, carl)
    complained(cast)
    sessions.begin(cast.alice.user, session_key="secretsession", device="Firefox", address="192.0.2.7")
    found = written(flows.export_person(cast.alice.caller, cast.alice.user.id))
    assert [(one["name"], one["email"]) for one in found["people.json"]] == [("Alice", "alice@customer.example")]
    assert [one["subject"] for one in found["incidents.json"]] == ["Aardvark subject"]
    assert [one["body"] for one in found["messages.json"]] == ["Aardvark body"]
    assert {one["body"] for one in found["drafts.json"]} == {"Aardvark draft"}
    assert [one["subject"] for one in found["complaints.json"]] == ["Aardvark complaint"]
    assert [one["body"] for one in found["remarks.json"]] == ["Aardvark grief"]
    assert [one["address"] for one in found["sign_ins.json"]] == ["192.0.2.7"]
    text = everything(found)
    for theirs in ("Zebra", "Giraffe", "Ocelot", "Carl", "carl@", "Bob", str(carl.user.id), str(cast.bob.user.id)):
        assert theirs not in text, theirs
    for secret in ("secretsession", cast.alice.user.email_key, cast.alice.user.password):
        assert secret not in text
    told = {fact["kind"] for fact in found["ledger.json"]}
    assert {"incident.reported", "incident.resolved", "complaint.lodged", "person.exported"} <= told
    assert {fact["actor"] for fact in found["ledger.json"]} == {"", f"user:{cast.alice.user.id}"}
    assert [fact.kind for fact in ledger.of_stream(cast.alice.user.id)][-1] == "person.exported"


def test_an_auditor_takes_along_what_they_found_and_not_how_others_solved_it(cast: Cast) -> None:
    asked = {
        "provider": cast.provider,
        "services": [cast.service],
        "period_from": START.date(),
        "period_to": START.date(),
    }
    theirs = audits.open_audit(cast.mona.caller, auditor="Panda", invited=cast.audrey.user, **asked)
    others = audits.open_audit(cast.mona.caller, auditor="", **asked)
    found = audits.add_finding(cast.audrey.caller, theirs.number, title="Aardvark in TLS", severity="high")
    audits.add_finding(cast.mona.caller, others.number, title="Zebra in TLS", severity="high")
    audits.close_finding(cast.mona.caller, found.id, evidence="Giraffe patched it")
    audits.withdraw(cast.mona.caller, theirs.number, reason="Giraffe has no time")
    taken = written(flows.export_person(cast.audrey.caller, cast.audrey.user.id))
    assert [one["title"] for one in taken["findings.json"]] == ["Aardvark in TLS"]
    assert [one["auditor"] for one in taken["audits.json"]] == ["Panda"]
    assert not {word for word in ("Zebra", "Giraffe") if word in everything(taken)}
    whole = everything(written(flows.export_organisation(cast.adam.caller, "provider")))
    assert all(
        word in whole for word in ("Aardvark in TLS", "Zebra in TLS", "Giraffe patched it", "Giraffe has no time")
    )


def test_an_organisation_takes_along_what_it_may_see(cast: Cast) -> None:
    talked(cast, colleague_of_alice(cast))
    complained(cast)
    file = kept(cast, b"aardvark" * 30_000)
    found = written(flows.export_organisation(cast.adam.caller, "customer"))
    assert {one["body"] for one in found["messages.json"]} == {"Aardvark body", "Zebra answer", "Giraffe resolution"}
    assert found["drafts.json"] == []
    assert {one["name"] for one in found["people.json"]} == {"Alice", "Carl"}
    assert [one["name"] for one in found["organisation.json"]] == ["Customer"]
    assert found[f"files/{file.id}/aardvark_plan.txt"] == b"aardvark" * 30_000
    assert [one["sha256"] for one in found["files.json"]] == [file.sha256]
    assert "Ocelot" not in everything(found) and "Stranger" not in everything(found)
    assert [fact.kind for fact in ledger.of_stream(cast.customer.id)][-1] == "organisation.exported"


def test_the_manifest_tells_of_every_file_and_the_readme_explains(cast: Cast) -> None:
    talked(cast, colleague_of_alice(cast))
    whole = b"".join(flows.export_person(cast.adam.caller, cast.alice.user.id).pieces)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.namelist()[0] == "README.txt" and archive.namelist()[-1] == "manifest.json"
        assert [one["path"] for one in manifest["files"]] == archive.namelist()[:-1]
        for one in manifest["files"]:
            content = archive.read(one["path"])
            assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert manifest["of"] == {"person": str(cast.alice.user.id)}
        assert b"manifest.json" in archive.read("README.txt")


def test_it_is_made_while_it_is_sent(cast: Cast) -> None:
    for _ in range(3):
        kept(cast, secrets.token_bytes(4_000_000))
    pieces = flows.export_organisation(cast.adam.caller, "customer").pieces
    tracemalloc.start()
    size = sum(len(piece) for piece in pieces)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 12_000_000
    assert peak < 6_000_000, "a few pieces at a time"


def test_whose_export_one_may_have(cast: Cast) -> None:
    for caller in (cast.bob.caller, cast.mona.caller, cast.stranger.caller, colleague_of_alice(cast).caller):
        with pytest.raises(Forbidden):
            flows.export_person(caller, cast.alice.user.id)
        with pytest.raises(Forbidden):
            flows.export_organisation(caller, "customer")
    _, secret = people.add_token(
        cast.adam.caller, organisation=cast.customer, name="script", role=Role.CUSTOMER,
        scopes=[Permission.READ_INCIDENTS], user=cast.alice.user,
    )  # fmt: skip
    token = caller_of_token(secret)
    assert token is not None
    with pytest.raises(Forbidden):
        flows.export_person(token, cast.alice.user.id)
    assert flows.export_person(cast.bob.caller, cast.bob.user.id).name.endswith(".zip")
    with pytest.raises(NotFound):
        flows.export_organisation(cast.adam.caller, "nobody")
    assert Organisation.objects.get(code="customer").erased_at is None
