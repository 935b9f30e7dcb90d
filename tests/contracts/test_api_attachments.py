"""Files by the API: sent with a message in one request, and fetched by whoever may read it."""

import hashlib
from typing import Any

from baken.record.incidents.models import Message
from baken.record.orgs.models import File
from tests.conftest import Cast
from tests.contracts.asking import Answer, Asker, Askers

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
LOG = b"nothing opens\n"


def send(asker: Asker, path: str, *files: tuple[str, bytes], **said: str) -> Answer:
    parts = [f'name="{name}"\r\n\r\n{text}'.encode() for name, text in said.items()]
    parts += [f'name="file"; filename="{name}"\r\n\r\n'.encode() + content for name, content in files]
    body = b"".join(b"--b\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return asker.ask("POST", f"{path}/attachments", content=body, content_type='multipart/form-data; boundary="b"')


def a_report(asker: Asker, **more: Any) -> str:
    made = asker.post("/incidents", {"service": "cloud", "subject": "Nothing opens", **more})
    return f"/incidents/{made['number']}"


def test_a_message_and_its_files_come_in_one_request(cast: Cast, ask: Askers) -> None:
    path = a_report(ask.alice)
    said = send(ask.alice, path, ("screen.png", PNG), ("log.txt", LOG), body="See these.").expect(201)
    assert (said["body"], said["visible"], said["kind"]) == ("See these.", True, "reply")
    assert [(one["name"], one["media_type"], one["size"]) for one in said["attachments"]] == [
        ("screen.png", "image/png", len(PNG)), ("log.txt", "text/plain", len(LOG)),
    ]  # fmt: skip
    picture = said["attachments"][0]
    assert picture["sha256"] == hashlib.sha256(PNG).hexdigest()
    assert ask.bob.get(f"{path}/messages")["items"][-1]["attachments"] == said["attachments"]
    answer = ask.bob.ask("GET", f"{path}/attachments/{picture['id']}")
    assert (answer.status, answer.content, answer.headers["Content-Type"]) == (200, PNG, "image/png")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="screen.png"'
    part = ask.bob.ask("GET", f"{path}/attachments/{picture['id']}", Range="bytes=1-3")
    assert (part.status, part.content) == (206, b"PNG")
    assert ask.stranger.problem("GET", f"{path}/attachments/{picture['id']}") == (404, None)
    other = a_report(ask.alice)
    assert ask.alice.problem("GET", f"{other}/attachments/{picture['id']}") == (404, None)


def test_the_desk_replies_or_notes(cast: Cast, ask: Askers) -> None:
    path = a_report(ask.alice)
    assert send(ask.bob, path, ("how.txt", LOG), body="Like this.").expect(201)["kind"] == "reply"
    assert ask.alice.get(path)["responded_at"]
    noted = send(ask.bob, path, ("ours.txt", LOG), visible="false").expect(201)
    assert (noted["kind"], noted["visible"], noted["body"]) == ("note", False, "")
    told = [one["name"] for said in ask.alice.get(f"{path}/messages")["items"] for one in said["attachments"]]
    assert told == ["how.txt"]
    assert ask.alice.problem("GET", f"{path}/attachments/{noted['attachments'][0]['id']}") == (404, None)


def test_what_is_refused_is_said_by_name_and_nothing_is_kept(cast: Cast, ask: Askers) -> None:
    path = a_report(ask.alice)
    before = Message.objects.count()
    answer = send(ask.alice, path, ("good.txt", LOG), ("bad.exe", b"MZ\x90"), body="Two.")
    assert (answer.status, answer.body["field"]) == (422, "file")
    assert answer.body["remedy"].startswith("“bad.exe”: programs and scripts are not taken")
    assert send(ask.stranger, path, ("good.txt", LOG)).status == 404
    assert send(ask.audrey, path, ("good.txt", LOG)).status == 403
    assert send(ask.alice, path, body="No file at all.").status == 422
    many = [(f"{number}.txt", LOG) for number in range(11)]
    answer = send(ask.alice, path, *many)
    assert (answer.status, answer.body["field"]) == (422, "file")
    assert Message.objects.count() == before
    assert not File.objects.exclude(kept_at=None).exists()
    ask.alice.post(f"{path}/outcome", {"reason": "Solved.", "outcome": "withdrawn"})
    assert send(ask.alice, path, ("late.txt", LOG)).status == 409


def test_complaints_take_files_too(cast: Cast, ask: Askers) -> None:
    made = ask.alice.post("/complaints", {"service": "cloud", "subject": "Slow", "body": "Too slow."})
    path = f"/complaints/{made['number']}"
    own = send(ask.alice, path, ("letter.txt", LOG), body="My letter.").expect(201)
    filed = send(ask.mona, path, ("ours.txt", LOG), body="For the file.", visible="false").expect(201)
    assert (own["visible"], filed["visible"]) == (True, False)
    assert ask.mona.ask("GET", f"{path}/attachments/{own['attachments'][0]['id']}").content == LOG
    remarks = ask.alice.get(f"{path}/remarks")["items"]
    assert [len(remark["attachments"]) for remark in remarks] == [0, 1]
    for asker in (ask.alice, ask.stranger):
        assert asker.problem("GET", f"{path}/attachments/{filed['attachments'][0]['id']}") == (404, None)
    assert send(ask.bob, path, ("no.txt", LOG)).status == 403
