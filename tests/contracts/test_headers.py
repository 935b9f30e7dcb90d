"""What every answer says to a browser, and what no page has in it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from baken.record.ledger import clock
from baken.record.orgs import files
from baken.show.files import download
from baken.show.web.middleware import POLICY
from tests.conftest import Cast
from tests.contracts.asking import NOBODY, Askers
from tests.page_table import PAGES, World, make_world

ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

BRIEFLY = {"status for anonymous": {"Cache-Control": "private, max-age=10"}}
"""It shows no customer's data, and people look at it again and again when something is down. It has a form, so a cookie
with its key comes along: it is for this one browser, and no cache that others share may keep it."""


FILES = ("incident-attachment", "complaint-attachment")
FILE = {"Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'"}
"""What somebody sent is saved, and would be nobody's page if it were shown."""


class Inline(HTMLParser):
    """Finds what a strict policy forbids: scripts and styles in the page, handlers, addresses that run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in given if name == "style" or re.match(r"on|hx-on", name)]
        self.found += [
            str(value) for value in given.values() if re.match(r"\s*(javascript|data|vbscript):", value or "")
        ]


def answers(world: World) -> Iterator[tuple[str, dict[str, str], str]]:
    """Name, headers and text of every page that can be read, for everybody, and of errors."""
    for who in ("anonymous", "customer", "manager", "administrator", "auditor"):
        client = Client(raise_request_exception=False)
        if person := world.person(who):
            client.force_login(person.user)
        for name, row in PAGES.items():
            answer = client.get(reverse(name, args=row.args(world)))
            told = "" if answer.streaming else answer.content.decode(errors="replace")
            yield f"{name} for {who}", dict(answer.headers.items()), told
        for address in ("/nothing/", "/incidents/9999999/", "/incidents/?page=%00"):
            answer = client.get(address)
            yield f"{address} for {who}", dict(answer.headers.items()), answer.content.decode()


def test_every_page_tells_the_browser_to_be_strict_and_is_strict_itself(cast: Cast) -> None:
    for name, headers, text in answers(make_world(cast)):
        saved = FILE if name.startswith(FILES) and "Content-Disposition" in headers else {}
        for header, value in (ALWAYS | BRIEFLY.get(name, {}) | saved).items():
            assert headers.get(header) == value, (name, header, headers.get(header))
        assert "public" not in headers["Cache-Control"], (name, "pages have a form, and come with a cookie for it")
        assert "camera=()" in headers["Permissions-Policy"], name
        parser = Inline()
        parser.feed(text)
        assert parser.found == [], name


def test_the_policy_lets_nothing_in_but_our_own_files() -> None:
    assert "default-src 'none'" in POLICY and "frame-ancestors 'none'" in POLICY and "base-uri 'none'" in POLICY
    assert "unsafe" not in POLICY and "*" not in POLICY and "http" not in POLICY


def test_the_api_is_as_strict(ask: Askers) -> None:
    by_bob, by_nobody = ("/incidents", "/nothing"), ("/", "/incidents", "/health", "/docs", "/openapi.json")
    for asker, path in (*product([ask.bob], by_bob), *product([NOBODY], by_nobody)):
        headers = asker.ask("GET", path).headers
        assert {name: headers.get(name) for name in ALWAYS} == ALWAYS, path


NAMES = {
    "a\r\nSet-Cookie: x=1.pdf": "aSet-Cookie: x=1.pdf",
    'a"; filename="b.exe.pdf': 'a"; filename="b.exe.pdf',
    "..\\..\\etc/passwd": "passwd",
    "invoice\u202etxt.pdf": "invoicetxt.pdf",
    "\x00\x1b[31m": "[31m",
    "\r\n": "file",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_stays_a_name(cast: Cast, rf: RequestFactory, name: str) -> None:
    file = files.keep(cast.customer, name=name, content=b"%PDF-1.4 something", at=clock.now())
    assert file.name == NAMES[name]
    headers = download(rf.get("/"), file).headers
    disposition = headers["Content-Disposition"]
    assert disposition.startswith("attachment") and "Set-Cookie" not in headers
    assert disposition.count("filename") - disposition.count('\\"; filename') == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_behind_https_cookies_are_this_hosts_alone_and_browsers_come_back_by_https(scheme: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SETTINGS],
        env=os.environ | {"BAKEN_URL": f"{scheme}://desk.example.org", "DJANGO_SETTINGS_MODULE": "baken.run.settings"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    secure = scheme == "https"
    prefix = "__Host-" if secure else ""
    assert told.stdout.split() == [
        f"{prefix}sessionid", f"{prefix}csrftoken", f"{prefix}messages", *[str(secure)] * 2, *["True"] * 2,
        "Lax", "Lax", "/", "None", "31536000" if secure else "0", "True",
        f"{prefix}language" if secure else "django_language", f"{prefix}theme",
    ]  # fmt: skip


SETTINGS = """
import django
from django.conf import settings as s
django.setup()
from baken.show.web.messages import Messages
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, Messages.cookie_name, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
    s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE,
    s.SESSION_COOKIE_PATH, s.SESSION_COOKIE_DOMAIN, s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS,
    s.LANGUAGE_COOKIE_NAME, s.BAKEN_THEME_COOKIE)
"""
