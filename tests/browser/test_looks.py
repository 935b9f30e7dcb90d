"""Who looked, in a browser: the customer's list, the manager's, and the way there from an incident."""

from datetime import datetime

from baken.record.incidents import flows as incidents
from tests.browser.conftest import Barriers, Visit, sideways
from tests.conftest import Cast


def test_a_customer_sees_who_looked_and_the_manager_finds_it(
    visit: Visit, cast: Cast, barriers: Barriers, now: datetime
) -> None:
    number = incidents.report(
        cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Nothing opens", body="Since nine."
    ).number
    visit(cast.bob, f"/incidents/{number}/")
    queue = visit(cast.bea, "/incidents/")
    queue.get_by_label("Words or a number").fill("opens")
    queue.get_by_role("button", name="Show", exact=True).click()
    queue.wait_for_url("**/incidents/?view=open&in=*")
    portal = visit(cast.alice, f"/incidents/{number}/")
    portal.get_by_role("link", name="Who of us looked at this").click()
    first = portal.locator("tbody tr").first.inner_text().split("\t")
    assert first[1:] == ["Bob", f"incident #{number}", "page"]
    assert portal.get_by_role("rowheader", name="Bob").count() == 1
    portal.goto("/looks/")
    assert "a search that found 1, showing 1 incident" in portal.locator("main").inner_text()
    assert barriers(portal) == []
    desk = visit(cast.mona, "/looks/", width=390, dark=True)
    assert sideways(desk) == 0 and barriers(desk) == []
    desk.get_by_label("Who", exact=True).select_option(label="Bea")
    desk.get_by_role("button", name="Show", exact=True).click()
    assert desk.get_by_role("rowheader", name="Bea").count() >= 1
    assert desk.get_by_role("rowheader", name="Bob").count() == 0
    with desk.expect_download() as got:
        desk.get_by_role("link", name="As a table (CSV)").click()
    table = got.value.path().read_text()
    assert "Bea" in table and "Bob" not in table
