"""Sessions that ended meanwhile: no sign-in inside a page, and nobody left without a word or without their text."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.contracts.test_dutch_pages import left_over
from tests.page_table import PAGES, World, make_world

HERE = "http://testserver/incidents/?view=mine"
LONG = "The printer on the second floor has been\nhumming <loudly> since this morning."
PART = {"HX-Request": "true", "HX-Current-URL": HERE}


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


def leads(address: str) -> tuple[str, dict[str, list[str]]]:
    parts = urlsplit(address)
    return parts.path, parse_qs(parts.query)


def test_a_part_of_a_page_takes_the_whole_page_to_the_sign_in(world: World) -> None:
    led = 0
    for name, row in PAGES.items():
        address = reverse(name, args=row.args(world))
        if not Client().get(address).headers.get("Location", "").startswith("/sign-in/?next="):
            continue
        for response in (Client().get(address, headers=PART), Client().post(address, headers=PART)):
            if response.status_code == 405:
                continue
            led += 1
            assert (response.status_code, response.content) == (200, b""), name
            path, asked = leads(response.headers["HX-Redirect"])
            assert (path, asked) == ("/sign-in/", {"ended": ["on"], "next": ["/incidents/?view=mine"]}), name
    assert led > 100


def test_a_part_of_a_page_takes_the_whole_page_to_a_second_step_too(world: World) -> None:
    bob = Client()
    bob.force_login(world.cast.bob.user)
    session = bob.session
    session["first"] = True
    session.save()
    response = bob.get("/incidents/", headers=PART)
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, "/account/password/")


def test_what_was_posted_too_late_is_said_to_be_lost_and_the_way_back_is_known(world: World) -> None:
    too_large = SimpleUploadedFile("a.pdf", b"%PDF-1.7" + bytes(1000))
    response = Client().post("/incidents/new/", {"subject": "Short", "file": too_large}, headers={"Referer": HERE})
    assert response.status_code == 302
    path, asked = leads(response.headers["Location"])
    assert (path, asked) == ("/sign-in/", {"ended": ["sent"], "next": ["/incidents/?view=mine"]})
    page = Client().get(response.headers["Location"], headers={"Accept-Language": "nl"}).content.decode()
    assert "wat u verstuurde is niet bewaard" in page
    assert 'value="/incidents/?view=mine"' in page
    assert not left_over(page)
    elsewhere = Client().post("/incidents/new/", headers={"Referer": "https://elsewhere.example/incidents/"})
    assert leads(elsewhere.headers["Location"])[1]["next"] == ["/"]


def test_what_took_time_to_write_is_shown_once_more_and_no_secret_is(world: World) -> None:
    sent = {"subject": "Short", "message": LONG, "password": "p assword " * 9, "client_secret": "s ecret " * 9}
    response = Client().post("/incidents/new/", sent, headers={"Referer": HERE, "Accept-Language": "nl"})
    page = response.content.decode()
    assert response.status_code == 403
    assert page.count("<textarea") == 1
    assert "humming &lt;loudly&gt; since this morning." in page
    assert "assword " not in page
    assert "ecret " not in page
    assert "/sign-in/?ended=sent&amp;next=%2Fincidents%2F%3Fview%3Dmine" in page
    assert not left_over(page)
