"""What is secret is in no log, and what is sent makes no line of its own there."""

import logging
from collections.abc import Iterator

import pytest
from django.test import Client

from baken.record.incidents import reads
from tests.conftest import PASSWORD, Cast
from tests.contracts.asking import Asker, Askers

NAME = "Jansen"
"""What somebody searches for."""
WRONG, NEW = "hunter2 hunter2 hunter2", "a new password of mine"
WRONG_TOKEN = "baken_" + "wrong" * 9


class Line(logging.Handler):
    """Every line that would be written, as the program's own format has it, tracebacks and all."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Everything that anybody logs, at any level but that of the database's statements, which nobody switches on."""
    handler, root = Line(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


def fail(*args: object, **kwargs: object) -> None:
    raise RuntimeError("a defect")


def test_no_password_token_or_cookie_is_in_a_log(
    cast: Cast, ask: Askers, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    page = client.get("/sign-in/")
    csrf = page.context["csrf_token"]
    form = {"email": "bob@provider.example", "csrfmiddlewaretoken": str(csrf)}
    client.post("/sign-in/", {**form, "password": WRONG})
    client.post("/sign-in/", {"email": "bob@provider.example", "password": PASSWORD})  # without the page's own key
    client.post("/sign-in/", {**form, "password": PASSWORD})
    client.get("/incidents/")
    secrets = [cookie.value for cookie in client.cookies.values()]
    asker = Client(raise_request_exception=False)
    asker.force_login(cast.bob.user)
    secrets += [asker.cookies["sessionid"].value]
    asker.post("/account/password/", {"current": PASSWORD, "password": NEW})
    Asker(WRONG_TOKEN).ask("GET", "/incidents")
    ask.bob.ask("GET", "/incidents?token=" + str(ask.bob.token))
    for page in ("/search/", "/incidents/"):
        assert NAME in asker.post(page, {"words": NAME}, follow=True).content.decode()
    ask.bob.ask("POST", "/incidents/search", {"words": NAME}).expect(200)
    monkeypatch.setattr(reads, "visible", fail)
    ask.bob.ask("POST", "/incidents/search", {"words": NAME})
    asker.post("/search/", {"words": NAME}, follow=True)
    asker.post("/incidents/?password=" + NEW, {"password": NEW})
    Client(raise_request_exception=False).post("/sign-in/", {"email": "x@x.example", "password": WRONG})
    said = "\n".join(logged)
    assert "a defect" in said, "what fails is in the log"
    for secret in (
        PASSWORD,
        WRONG,
        NEW,
        WRONG_TOKEN,
        str(ask.bob.token),
        "bob@provider.example",
        NAME,
        *filter(None, secrets),
    ):
        assert secret not in said, secret


def test_what_is_sent_makes_no_line_in_a_log(ask: Askers, logged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    forged = "2026-01-01 INFO baken all is well"
    ask.bob.ask("GET", "/complaints/1%0a" + forged.replace(" ", "%20"), User_Agent="x\n" + forged)
    Asker("x\n" + forged).ask("GET", "/token")
    client = Client(raise_request_exception=False)
    client.get("/incidents/%0d%0a" + forged.replace(" ", "%20"))
    client.get("/", headers={"Host": "evil\n" + forged})
    monkeypatch.setattr(reads, "visible", fail)
    ask.bob.ask("GET", "/incidents?customer=%0a" + forged.replace(" ", "%20"))
    ask.bob.ask("POST", "/incidents/search", {"words": "\n" + forged})
    client.get("/sign-in/?next=/%0a" + forged.replace(" ", "%20"))
    assert "a defect" in "\n".join(logged)
    assert not [line for line in "\n".join(logged).splitlines() if line.startswith(forged[:15])]
