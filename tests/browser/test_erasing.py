"""An administrator exports and erases somebody, and sees it end without loading the page again."""

import zipfile
from pathlib import Path

from baken.record.ledger import clock
from baken.record.privacy import work
from tests.browser.conftest import Visit
from tests.conftest import START, Cast
from tests.flows.erasing import colleague_of_alice, talked


def test_somebody_is_exported_and_erased(visit: Visit, cast: Cast, tmp_path: Path) -> None:
    talked(cast, colleague_of_alice(cast))
    page = visit(cast.adam, f"/people/{cast.alice.user.id}/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "alice.zip")
    with zipfile.ZipFile(tmp_path / "alice.zip") as archive:
        assert archive.namelist()[-1] == "manifest.json" and b"Aardvark body" in archive.read("messages.json")
    page.get_by_role("link", name="Erase this person…").click()
    page.get_by_label("Their e-mail address").fill("alice@customer.example")
    page.get_by_role("button", name="Erase this person").click()
    page.get_by_text("It begins in a moment").wait_for()
    with clock.at(START):
        assert work.work_off() == 1
    page.get_by_text("rows were erased").wait_for()
    page.get_by_role("link", name="Erasures").click()
    page.get_by_role("cell", name=str(cast.alice.user.id)).wait_for()
