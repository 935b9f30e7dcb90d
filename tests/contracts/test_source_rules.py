"""What no source of the product does, found by reading it: each is a way in that others have had."""

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import global_settings, settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from baken.record.people.session_store import SessionStore
from baken.run.lines import Line
from tests.conftest import Cast

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "baken").rglob("*.py"))
SCRIPTS = sorted((ROOT / "baken/show").rglob("*.js"))
TEMPLATES = sorted((ROOT / "baken/show").rglob("*.html"))

CALLS = re.compile(r"^(eval|exec|compile|__import__|os\.system|os\.popen|pickle\..*|marshal\..*|shelve\..*)$")
MODULES = re.compile(r"^(pickle|marshal|shelve|dill|yaml|xml|lxml|ldap3?|jinja2|telnetlib|ftplib)(\.|$)")
DICE = {"baken/reach/prober/courier.py"}
"""Waits a little longer or shorter, so that probers do not all come at once; nothing is secret."""
WEAK = {"baken/record/people/authenticator.py", "baken/record/people/passwords.py"}
"""SHA-1 as RFC 6238 has it, and as lists of leaked passwords have it."""
ESCAPED = {"baken/show/web/templatetags/baken.py", "baken/show/api/reference.py"}
"""Escape, and say so, just before they call something HTML."""
OF_OURS = {"account/authenticator_new.html"}
"""Shows a picture that the program has drawn."""


def named(call: ast.Call) -> str:
    return ast.unparse(call.func)


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield str(path.relative_to(ROOT)), node


def imports() -> Iterator[tuple[str, str]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((str(path.relative_to(ROOT)), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield str(path.relative_to(ROOT)), node.module


def test_no_text_becomes_a_program_and_nothing_is_read_that_could() -> None:
    assert [(path, named(call)) for path, call in calls() if CALLS.match(named(call))] == []
    assert [(path, name) for path, name in imports() if MODULES.match(name)] == []


def test_programs_are_started_with_a_list_of_words_and_no_shell() -> None:
    started = [
        (path, call) for path, call in calls() if re.match(r"subprocess\.(run|Popen|call|check_\w+)$", named(call))
    ]
    assert started
    for path, call in started:
        assert not any(word.arg == "shell" for word in call.keywords), path
        assert not isinstance(call.args[0], ast.Constant | ast.JoinedStr), path


def test_what_must_not_be_guessed_comes_from_the_system() -> None:
    dice = {path for path, name in imports() if name == "random" and not path.startswith("baken/run/demonstration/")}
    assert dice == DICE


def test_no_hash_is_weak_where_that_matters() -> None:
    weak = re.compile(r"(md4|md5|sha1)$", re.IGNORECASE)
    found = {path for path, call in calls() if weak.search(named(call))}
    assert found <= WEAK


def test_no_pattern_is_made_of_what_was_typed() -> None:
    made = [
        (path, ast.unparse(call))
        for path, call in calls()
        if re.match(r"re\.(compile|match|search|fullmatch|sub|findall|split)$", named(call))
        and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
        and "re.escape" not in ast.unparse(call.args[0])
    ]
    assert made == []


def test_what_is_called_html_was_escaped() -> None:
    marked = {path for path, call in calls() if named(call) in {"mark_safe", "SafeString"}}
    assert marked == ESCAPED
    raw = re.compile(r"\|\s*safe\b|autoescape\s+off|\|\s*safeseq")
    assert {path.parts[-2] + "/" + path.name for path in TEMPLATES if raw.search(path.read_text())} == OF_OURS


def test_scripts_run_no_text_and_listen_to_no_other_page() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|postMessage|\bmessage\b"
        r"|document\.cookie|sessionStorage|indexedDB|__proto__|\.domain\b"
    )
    for path in SCRIPTS:
        assert forbidden.findall(path.read_text()) == [], path.name
    kept = {key for path in SCRIPTS for key in re.findall(r"localStorage\.setItem\(\"([\w-]+)", path.read_text())}
    assert kept == {"desk-list-width"}, "nothing of anybody is kept in a browser"


def test_pages_load_nothing_from_elsewhere() -> None:
    loaded = re.compile(
        r"<(?:script|link|img|iframe|object|embed|source|video|audio)[^>]*(?:https?:)?//", re.IGNORECASE
    )
    assert [path.name for path in TEMPLATES if loaded.search(path.read_text())] == []


def test_lock_files_name_every_part_with_its_digest() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        pinned = re.findall(r"^[a-zA-Z0-9._\[\],-]+==\S+.*?(?=^\S|\Z)", text, re.DOTALL | re.MULTILINE)
        assert pinned and all("--hash=sha256:" in part for part in pinned), path.name
        assert "--index-url" not in text and "://" not in text, path.name


@pytest.mark.parametrize("page", ["/sign-in/", "/account/password/"])
def test_passwords_are_typed_unseen_and_may_be_pasted_and_remembered(cast: Cast, page: str) -> None:
    client = Client()
    if page != "/sign-in/":
        client.force_login(cast.alice.user)
    fields = re.findall(r"<input[^>]*name=\"(?:password|current)\"[^>]*>", client.get(page).content.decode())
    assert fields
    for field in fields:
        assert 'type="password"' in field and re.search(r'autocomplete="(current|new)-password"', field), field
        assert "onpaste" not in field and int((re.search(r'maxlength="(\d+)"', field) or [0, 0])[1]) >= 64


def test_methods_that_tell_of_the_server_are_refused(cast: Cast) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(cast.adam.user)
    for address in ("/", "/account/", "/sign-in/", "/api/v1/incidents"):
        answer = client.generic("TRACE", address, headers={"X-Secret": "heard"})
        assert answer.status_code in {401, 405} and b"heard" not in answer.content, address


def test_only_what_is_ours_to_serve_is_served(cast: Cast) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(cast.adam.user)
    for address in ("/.git/config", "/static/", "/baken/run/settings.py", "/../secret.key", "/admin/", "/__debug__/"):
        assert client.get(address).status_code == 404, address
    assert not settings.DEBUG
    assert "django.contrib.admin" not in settings.INSTALLED_APPS


def test_a_line_of_a_log_says_when_in_utc() -> None:
    record = logging.LogRecord("baken", logging.INFO, "", 0, "said", None, None)
    record.created, record.msecs = 0.0, 5.0
    assert Line().format(record) == "1970-01-01T00:00:00.005Z INFO baken said"


LOGS = re.compile(r"^(syslog|systemd|logging\.(handlers|config)|sentry_sdk|opentelemetry|loguru|structlog)(\.|$)")
UNUSED = {"AdminEmailHandler"}
"""Django brings it along, for the addresses in ADMINS."""


def test_logs_go_where_it_is_written_and_nowhere_else() -> None:
    """Each program says what it says on standard error; the supervisor keeps it, and the shipper alone sends it on."""
    handlers = {named(call) for _path, call in calls() if re.search(r"\blogging\.\w*Handler$", named(call))}
    assert handlers | {one["class"] for one in settings.LOGGING["handlers"].values()} == {"logging.StreamHandler"}
    assert [(path, name) for path, name in imports() if LOGS.match(name)] == []
    senders = {path for path, call in calls() if named(call) == "Receiver"}
    assert senders == {"baken/run/shipper.py"}
    loggers = logging.Logger.manager.loggerDict.values()
    held = {type(handler) for logger in loggers for handler in getattr(logger, "handlers", ())}
    ours = {kind.__name__ for kind in held if not kind.__module__.startswith("_pytest")}
    assert ours <= {"StreamHandler", "NullHandler", *UNUSED}
    assert settings.ADMINS == [] == settings.MANAGERS
    kept = (ROOT / "docs/reference/security.md").read_text().partition("\n## Logs\n")[2].partition("\n## ")[0]
    for name in (*(f"{child}.log" for child in ("web", "worker", "prober", "shipper")), "start.log", "BAKEN_SYSLOG"):
        assert f"`{name}`" in kept, name


CRYPTOGRAPHY = {"cryptography", "tink", "Crypto", "joserfc", "fido2", "hmac", "hashlib", "secrets", "ssl"}
OTHERS = re.compile(r"^(nacl|rsa|ecdsa|jwt|jose|passlib|bcrypt|pyaes|M2Crypto|Cryptodome)(\.|$)")
BAD = re.compile(r"\b(ECB|CBC|PKCS1v15|ARC4|TripleDES|Blowfish|DES3?|RC4)\b")


def test_cryptography_is_that_of_known_libraries() -> None:
    used = {name.split(".")[0] for _path, name in imports()}
    assert used >= CRYPTOGRAPHY - {"ssl"} and not [name for name in used if OTHERS.match(name)]
    assert [path.name for path in SOURCES if BAD.search(path.read_text())] == []


def test_passwords_are_hashed_slowly() -> None:
    """As Django does it; the tests themselves are in a hurry, so the settings are asked, and not what they use."""
    assert "PASSWORD_HASHERS" not in (ROOT / "baken/run/settings.py").read_text()
    assert global_settings.PASSWORD_HASHERS[0].endswith(".PBKDF2PasswordHasher")
    assert PBKDF2PasswordHasher.iterations >= 600_000 and PBKDF2PasswordHasher.algorithm == "pbkdf2_sha256"


def test_keys_of_sessions_are_long_and_random(cast: Cast) -> None:
    made = set()
    for _ in range(20):
        store = SessionStore()
        store.create()
        made.add(str(store.session_key))
    assert len(made) == 20 and {len(key) for key in made} == {32}
    assert len(set("".join(made))) == 36, "of 36 letters and digits: 165 bits"


def test_no_other_origin_is_let_in(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice.user)
    for address in ("/", "/api/v1/health", "/api/v1/incidents"):
        for method in ("GET", "OPTIONS"):
            answer = client.generic(method, address, headers={"Origin": "https://evil.example"})
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")], address


def test_answers_say_what_they_are(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice.user)
    assert client.get("/account/").headers["Content-Type"] == "text/html; charset=utf-8"
    assert client.get("/api/v1/health").headers["Content-Type"].startswith("application/json")
    assert client.get("/api/v1/nothing").headers["Content-Type"] == "application/problem+json"


def test_a_program_that_asks_in_the_clear_is_not_sent_on(cast: Cast) -> None:
    assert not settings.SECURE_SSL_REDIRECT
    assert Client().get("/api/v1/health", secure=False).status_code == 200


@pytest.mark.parametrize("text", ["' OR '1'='1", "'; DROP TABLE people_user; --", "%' UNION SELECT 1 --", "\\'); --"])
def test_what_looks_like_a_query_is_searched_for(cast: Cast, text: str) -> None:
    client = Client()
    client.force_login(cast.bob.user)
    for address in ("/incidents/", "/search/", "/complaints/"):
        assert client.post(address, {"words": text}, follow=True).status_code in {200, 403, 405}, address
    refused = Client().post("/sign-in/", {"email": f"a{text}@x.example", "password": text})
    assert refused.status_code == 422 and cast.bob.user.is_active
