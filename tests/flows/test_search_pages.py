"""Searching in pages: the words stay in the session, and addresses hold an id in their place."""

from collections.abc import Iterator
from html import unescape

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client

from baken.record.people.models import User
from baken.record.people.session_store import SessionStore
from baken.show.web import searching
from tests.conftest import Cast
from tests.flows.incident_world import reported

pytestmark = pytest.mark.django_db

GONE = "What you searched for is not kept any more. Type it again."


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def searched(client: Client, words: str, page: str = "/incidents/", **narrowed: str) -> str:
    """The address that a search leads to."""
    answer = client.post(page, {"words": words, **narrowed})
    assert answer.status_code == 303, answer.content
    return str(answer.headers["Location"])


def text(answer: HttpResponse) -> str:
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def kept(client: Client) -> dict[str, str]:
    """The searches of a session."""
    held: dict[str, str] = SessionStore(client.cookies["sessionid"].value).load().get("searches", {})
    return held


def links(answer: str) -> Iterator[str]:
    yield from (part.split('"')[0] for part in answer.split('="')[1:] if part.startswith(("/", "?")))


@pytest.mark.parametrize("who", ["bob", "alice"])
def test_words_are_in_no_address_of_what_they_find(cast: Cast, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    for module in ("desk.queue", "pages.portal"):
        monkeypatch.setattr(f"baken.show.web.{module}.SHOWN", 1)
    numbers = [reported(cast, cast.alice, subject=f"Call {name} back").number for name in ("Jansen", "Jansen", "Vries")]
    client = signed_in(getattr(cast, who).user)
    address = searched(client, " Jansen ", view="open", service="cloud", page_size="9")
    assert "Jansen" not in address and "page_size" not in address
    shown = text(client.get(address))
    assert "Found for “Jansen”" in shown and "Vries" not in shown and 'value="Jansen"' in shown
    second = text(client.get(f"{address}&page=2"))
    on = [[number for number in numbers if f"#{number}" in page] for page in (shown, second)]
    assert sorted(on) == [[numbers[0]], [numbers[1]]]
    opened = text(client.get(address.replace("/incidents/", f"/incidents/{numbers[0]}/")))
    for page in (shown, second, opened):
        assert [link for link in links(page) if "jansen" in link.lower()] == []
    if who == "bob":
        (id,) = kept(client)
        assert f'href="/incidents/{on[0][0]}/?view=open&in={id}&service=cloud"' in shown, "the list goes along"
        assert "service=cloud" in address and "Vries" not in opened and "Jansen</a>" in opened


def test_the_search_of_everything_and_the_palette(cast: Cast) -> None:
    number = reported(cast, cast.alice, subject="Call Jansen back").number
    client = signed_in(cast.bob.user)
    listed = text(client.post("/search/", {"words": "jansen"}, headers={"HX-Request": "true"}))
    assert f"#{number} Call Jansen back" in listed and "<html" not in listed
    assert kept(client) == {}, "what the palette asks while somebody types is kept nowhere"
    shown = text(client.get(searched(client, "jansen", "/search/")))
    assert f"#{number} Call Jansen back" in shown and "<html" in shown
    for page in ("/search/", "/incidents/"):
        unread = text(client.get(page, {"q": "jansen", "words": "jansen"}))
        assert 'value="jansen"' not in unread and "“jansen”" not in unread


@pytest.mark.parametrize("who", ["bob", "alice"])
def test_what_is_not_kept_has_to_be_typed_again(cast: Cast, who: str) -> None:
    user = getattr(cast, who).user
    client, other = signed_in(user), signed_in(user)
    pages = ["/incidents/", "/search/"]
    for page in pages:
        address = searched(client, "jansen", page)
        assert GONE not in text(client.get(address))
        assert GONE in text(other.get(address)), "another session does not know it"
        assert GONE not in text(client.get(page))
    User.objects.filter(id=user.id).update(language="nl")
    assert "Uw zoekopdracht wordt niet meer bewaard. Typ die opnieuw." in text(other.get("/incidents/?in=x"))


def test_the_last_searches_are_kept_each_once(cast: Cast) -> None:
    client = signed_in(cast.bob.user)
    first, second = searched(client, "first"), searched(client, "second")
    assert searched(client, "first") == first, "the same words are the same address"
    for number in range(searching.MOST_KEPT - 1):
        searched(client, f"word {number}")
    assert len(kept(client)) == searching.MOST_KEPT
    assert "Found for “first”" in text(client.get(first)) and GONE in text(client.get(second))
    searched(client, "x" * 500)
    assert max(map(len, kept(client).values())) == searching.LONGEST
    assert searched(client, "  ", view="mine") == "/incidents/?view=mine", "no words are no search"


def test_what_a_session_keeps_is_not_readable_in_the_database(cast: Cast) -> None:
    client = signed_in(cast.bob.user)
    searched(client, "Jansen")
    assert list(kept(client).values()) == ["Jansen"]
    rows = Session.objects.all()
    assert rows and not any("Jansen" in row.session_data or row.get_decoded() for row in rows)
