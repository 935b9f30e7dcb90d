"""Attachments through the real pages: sent with a report, an answer and a reply, saved by whom they are for."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from baken.reach.clamav import Clamd
from baken.record.incidents.models import Attachment, Incident
from baken.record.orgs.models import File
from tests.browser.conftest import Barriers, Visit, sideways
from tests.conftest import Cast
from tests.flows.clamd import EICAR, clamd

SHOTS = os.environ.get("BAKEN_SHOTS", "")
"""A folder for pictures of the pages, for whoever wants to look at them."""


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """Files to choose; a scanner looks at what arrives."""
    (tmp_path / "screen.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(70_000))
    (tmp_path / "a very long name of a log, which was written by the mail server on Monday.txt").write_bytes(b"lost\n")
    (tmp_path / "answer.pdf").write_bytes(b"%PDF-1.7 do it like this")
    (tmp_path / "sick.pdf").write_bytes(b"%PDF-1.7\n" + EICAR)
    with clamd() as (address, _seen):
        settings.BAKEN_SCANNER = Clamd(address).begin
        yield tmp_path


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def saved(page: Page, name: str) -> bytes:
    """What the browser saves when a file is clicked."""
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    assert download.value.suggested_filename == name
    return Path(download.value.path()).read_bytes()


def test_a_file_comes_with_a_report_and_another_with_the_reply(
    visit: Visit, cast: Cast, now: datetime, folder: Path, barriers: Barriers
) -> None:
    log = next(folder.glob("a very long name*"))
    alice = visit(cast.alice, "/incidents/new/", width=390)
    alice.get_by_label("What is wrong, in one line?").fill("Mail is lost")
    alice.get_by_label("Tell us more").fill("See the picture.")
    chooser = alice.get_by_role("button", name="Attachments")
    chooser.set_input_files([folder / "screen.png", folder / "sick.pdf"])
    alice.get_by_role("button", name="Report it").click()
    expect(alice.get_by_role("alert")).to_contain_text("“sick.pdf”: the virus scanner found Eicar-Signature in it")
    expect(alice.get_by_label("Tell us more")).to_have_value("See the picture.")
    assert not Incident.objects.exists() and not File.objects.exclude(kept_at=None).exists()
    assert not barriers(alice)
    shot(alice, "refused-390")
    chooser.set_input_files([folder / "screen.png", log])
    alice.get_by_role("button", name="Report it").click()
    expect(alice.get_by_text("Thank you. Your incident has number")).to_be_visible()
    expect(alice.locator(".attachments li")).to_have_count(2)
    expect(alice.locator(".attachments li").first).to_contain_text("68.4")
    assert sideways(alice) <= 0 and not barriers(alice)
    shot(alice, "portal-390")
    number = Incident.objects.get().number

    bob = visit(cast.bob, f"/incidents/{number}/")
    assert saved(bob, "screen.png") == (folder / "screen.png").read_bytes()
    note = bob.locator("form.composer.note")
    note.get_by_label("Internal note").fill("Nothing new.")
    note.get_by_role("button", name="Attachments").set_input_files(log)
    note.get_by_role("button", name="Add the note").click()
    expect(bob.locator(".bubble.note .attachments")).to_be_visible()
    bob.keyboard.press("r")
    bob.keyboard.type("Like this.")
    bob.keyboard.press("Tab")
    expect(bob.locator("#reply-file")).to_be_focused()
    expect(bob.locator("#reply-kept")).to_contain_text("Draft kept")
    bob.locator("#reply-file").set_input_files(folder / "answer.pdf")
    assert not barriers(bob)
    shot(bob, "desk-1440")
    bob.get_by_role("button", name="Send and resolve").click()
    expect(bob.get_by_text("It is resolved.")).to_be_visible()
    expect(bob.locator(".bubble.desk .attachments")).to_contain_text("answer.pdf")

    alice.reload()
    expect(alice.locator(".attachments li")).to_have_count(3)
    assert saved(alice, "answer.pdf") == b"%PDF-1.7 do it like this"
    internal = Attachment.objects.get(message__visible=False)
    for person, id in ((cast.alice, internal.id), (cast.stranger, Attachment.objects.earliest("id").id)):
        page = visit(person, "/")
        answer = page.goto(f"/incidents/{number}/attachments/{id}/")
        assert answer is not None and answer.status == 404

    dark = visit(cast.alice, f"/incidents/{number}/", width=390, dark=True)
    assert sideways(dark) <= 0 and not barriers(dark)
    shot(dark, "portal-dark-390")


def test_without_script_and_for_complaints(visit: Visit, cast: Cast, now: datetime, folder: Path) -> None:
    alice = visit(cast.alice, "/complaints/new/", width=390, java_script_enabled=False)
    alice.get_by_label("What are you not satisfied with, in one line?").fill("It took too long")
    alice.get_by_label("What happened?").fill("My letter says it.")
    alice.get_by_role("button", name="Attachments").set_input_files(folder / "answer.pdf")
    alice.get_by_role("button", name="Send the complaint").click()
    expect(alice.locator(".attachments")).to_contain_text("answer.pdf")
    alice.get_by_label("Add something").fill("And this.")
    alice.get_by_role("button", name="Attachments").set_input_files(folder / "sick.pdf")
    alice.get_by_role("button", name="Send").click()
    expect(alice.get_by_role("alert")).to_contain_text("send a clean one")
    expect(alice.get_by_label("Add something")).to_have_value("And this.")
    shot(alice, "complaint-390")

    mona = visit(cast.mona, "/complaints/", java_script_enabled=False)
    mona.get_by_role("link", name="It took too long").click()
    assert saved(mona, "answer.pdf") == b"%PDF-1.7 do it like this"
    mona.locator("summary", has_text="Add a remark").click()
    act = mona.locator(".act[open]")
    act.get_by_label("Remark").fill("For the file.")
    act.get_by_role("button", name="Attachments").set_input_files(folder / "screen.png")
    shot(mona, "handle-1440")
    act.get_by_role("button", name="Add a remark").click()
    expect(mona.locator(".bubble.note .attachments")).to_contain_text("screen.png")
    alice.goto(alice.url.replace("answer/", ""))
    expect(alice.locator(".attachments li")).to_have_count(1)
