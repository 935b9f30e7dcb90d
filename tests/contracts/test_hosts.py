"""Asked for as another host than this installation: where it is, in words, and no line that a stranger fills."""

import logging

import pytest
from django.test import Client
from pytest_django import Settings


@pytest.mark.parametrize("host", ["desk.lan", "desk.lan:x", "a b", "[::1", "x" * 5_000])
@pytest.mark.parametrize("path", ["/", "/status/", "/nothing/", "/api/v1/health", "/static/css/base.css"])
def test_another_host_is_told_where_it_is(
    db: None, settings: Settings, caplog: pytest.LogCaptureFixture, path: str, host: str
) -> None:
    settings.BAKEN_URL = "https://desk.example"
    with caplog.at_level(logging.INFO):
        answer = Client().get(path, headers={"host": host, "accept-language": "nl"})
    assert (answer.status_code, "https://desk.example" in answer.content.decode()) == (400, True)
    assert answer.headers["Content-Security-Policy"]
    if path.startswith("/api/"):
        assert answer.json()["detail"].startswith("Host: ")
    else:
        assert "Niet op dit adres" in answer.content.decode()
    assert [record.getMessage() for record in caplog.records] == ["host.refused method=GET address=127.0.0.1"]


@pytest.mark.parametrize("where", ["http://[", "http://[::1", "//", "\x00", "http://testserver:x/"])
def test_a_page_that_is_no_address_leads_to_the_sign_in(db: None, where: str) -> None:
    for header in ("hx-current-url", "referer"):
        answer = Client().get("/incidents/", headers={"hx-request": "true", header: where})
        assert answer.headers["HX-Redirect"].startswith("/sign-in/")
