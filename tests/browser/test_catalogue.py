"""The administrator's work: a service, its agreement, a customer, a person, a token, a location."""

from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from baken.domain.agreements import Basis, ResponseCounts
from baken.domain.calendars import Window
from baken.domain.facts import Priority
from baken.domain.instants import HOUR, MINUTE
from baken.record.catalogue.models import Agreement
from tests.browser.conftest import Barriers, Visit
from tests.conftest import Cast


def saved(page: Page, words: str) -> None:
    expect(page.locator(".flash", has_text=words)).to_be_visible()


def test_an_agreement_becomes_a_new_version_and_keeps_the_old_one(visit: Visit, cast: Cast) -> None:
    page = visit(cast.adam, "/services/cloud/", java_script_enabled=False)
    page.get_by_role("link", name="New version").click()
    page.locator("summary", has_text="Service hours, low priority").click()
    low = page.get_by_role("group", name="Service hours, low priority")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        low.get_by_label(day).fill("")
    page.get_by_role("button", name="Agree").click()
    problems = page.get_by_role("alert")
    expect(problems).to_contain_text("Service hours, low priority: Monday: Give hours for at least one day")
    low.get_by_label("Monday").fill("8 to 12")
    low.get_by_label("Closed on the public holidays of").fill("XX")
    page.get_by_role("button", name="Agree").click()
    expect(problems).to_contain_text("“8 to 12” is no working time")
    expect(problems).to_contain_text("no country 'XX'")

    low.get_by_label("Monday").fill("8:00-12:00, 13:00-17:30")
    low.get_by_label("Saturday").fill("22:00-06:00")
    low.get_by_label("Closed on the public holidays of").fill("nl")
    low.get_by_label("Other hours on single dates").fill("2027-12-24 08:00-12:00\n2027-12-31")
    agreed = page.get_by_role("group", name="Agreed times, low priority")
    agreed.get_by_label("Respond within").fill("90 m")
    agreed.get_by_label("Resolve within").fill("")
    agreed.get_by_label("Counted in").select_option("elapsed")
    page.get_by_label("A person at the desk takes the incident on").check()
    page.get_by_label("C1 – Uptime").fill("99.5")
    page.get_by_label("C2 – Uptime during peak hours").fill("")
    page.get_by_role("button", name="Agree").click()
    saved(page, "Version 2 was agreed.")
    expect(page.get_by_text("Saturday: 22:00–06:00 the next day")).to_be_visible()

    first, second = Agreement.objects.get(service=cast.service, base=True).versions.order_by("version")
    assert second.valid_from > datetime.now(UTC)
    terms, before = second.read_terms(), first.read_terms()
    hours = terms.service_hours[Priority.LOW]
    assert hours.windows == (Window(0, 480, 720), Window(0, 780, 1050), Window(5, 1320, 1800))
    assert hours.holidays == "NL" and len(hours.exceptions) == 2
    target = terms.targets[Priority.LOW]
    assert (target.response, target.resolution, target.basis) == (90 * MINUTE, None, Basis.ELAPSED)
    assert terms.response_counts is ResponseCounts.PICKUP
    assert "C2" not in terms.kpi_targets and str(terms.kpi_targets["C1"]) == "199/2"
    # What was not touched is what it was.
    assert terms.service_hours[Priority.HIGH] == before.service_hours[Priority.HIGH]
    assert terms.targets[Priority.MEDIUM] == before.targets[Priority.MEDIUM]
    assert terms.peak == before.peak and terms.maintenance == before.maintenance
    assert before.targets[Priority.LOW].response == 10 * HOUR
    page.get_by_role("link", name="Version 1").click()
    expect(page.get_by_text("Monday to Friday: 08:00–18:00").first).to_be_visible()


def test_a_customer_comes_with_a_service_an_agreement_and_a_person_who_gets_in(
    visit: Visit, cast: Cast, barriers: Barriers
) -> None:
    page = visit(cast.adam, "/customers/")
    page.get_by_role("link", name="Add a customer").click()
    page.get_by_label("Name").fill("Acme")
    page.get_by_label("Code").fill("customer")
    page.get_by_role("button", name="Add the customer").click()
    expect(page.get_by_role("alert")).to_contain_text("'customer' is taken")
    expect(page.get_by_label("Name")).to_have_value("Acme")
    page.get_by_label("Code").fill("acme")
    page.get_by_role("button", name="Add the customer").click()
    page.get_by_role("link", name="Add a service").click()
    page.get_by_label("Service").select_option("cloud")
    page.get_by_role("button", name="Add the service").click()
    saved(page, "Acme uses this service from now on.")
    page.get_by_role("link", name="Own agreement").click()
    page.get_by_label("C5 –").fill("2")
    page.get_by_role("button", name="Agree").click()
    saved(page, "Version 1 was agreed.")

    page.goto("/customers/acme/")
    page.get_by_role("link", name="Add a person").click()
    expect(page.get_by_label("Organisation")).to_have_value("acme")
    page.get_by_label("Name").fill("Cleo")
    page.get_by_label("E-mail address").fill("cleo@acme.example")
    page.get_by_label("Agent –").check()
    page.get_by_role("button", name="Add the person").click()
    expect(page.get_by_role("alert")).to_contain_text("do not fit an organisation that is a customer")
    page.get_by_label("Agent –").uncheck()
    page.get_by_label("Customer –").check()
    page.get_by_role("button", name="Add the person").click()
    made = page.locator(".secret").inner_text()
    assert not barriers(page)
    page.get_by_role("link", name="I have it").click()
    expect(page.get_by_text("They have not chosen a password of their own yet")).to_be_visible()

    theirs = visit(None, "/")
    theirs.get_by_label("E-mail address").fill("cleo@acme.example")
    theirs.get_by_label("Password").fill(made)
    theirs.get_by_role("button", name="Sign in").click()
    expect(theirs).to_have_title("Choose your password · Provider")
    assert not barriers(theirs)
    theirs.get_by_label("The password you were given").fill(made)
    theirs.get_by_label("New password").fill("a sentence of Cleo")
    theirs.get_by_role("button", name="Save").click()
    expect(theirs.get_by_role("link", name="Cloud")).to_be_visible()
    page.get_by_role("button", name="Keep them out").click()
    theirs.reload()
    expect(theirs).to_have_title("Sign in · Provider")


def test_secrets_are_shown_once(visit: Visit, cast: Cast) -> None:
    page = visit(cast.adam, "/tokens/new/")
    page.get_by_label("Name").fill("script")
    page.get_by_label("work on incidents").check()
    page.get_by_label("manage people and tokens").check()
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_role("alert")).to_contain_text("Agent does not have people:write")
    page.get_by_label("manage people and tokens").uncheck()
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator(".secret").inner_text()
    assert secret.startswith("baken_")
    page.get_by_role("link", name="I have it").click()
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke script").click()
    saved(page, "The token was revoked")

    page.goto("/locations/new/")
    page.get_by_label("Code").fill("ams-1")
    page.get_by_role("button", name="Add the location").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the key file").click()
    assert download.value.suggested_filename == "ams-1.key"
    assert "BEGIN PRIVATE KEY" in download.value.path().read_text()
    page.get_by_role("link", name="Back to the locations").click()
    assert "PRIVATE KEY" not in page.content()
    page.get_by_role("link", name="Revoke ams-1").click()
    page.get_by_role("button", name="Revoke it now").click()
    saved(page, "The location was revoked")


def test_what_is_measured_and_when_it_is_not(visit: Visit, cast: Cast) -> None:
    page = visit(cast.adam, "/services/cloud/", java_script_enabled=False)
    page.get_by_role("link", name="Add a monitor").click()
    page.get_by_label("Name").fill("front page")
    page.get_by_label("Address").fill("drive.example")
    page.get_by_label("Locations that have to report").fill("1")
    page.get_by_label("Down when so many locations see it down").fill("2")
    page.get_by_role("button", name="Add the monitor").click()
    expect(page.get_by_role("alert")).to_contain_text("Address: Give an address that begins with http://")
    page.get_by_label("Address").fill("https://drive.example/")
    page.get_by_role("button", name="Add the monitor").click()
    expect(page.get_by_role("alert")).to_contain_text("Locations that have to report: Give at least 2 locations")
    page.get_by_label("Locations that have to report").fill("2")
    page.get_by_role("button", name="Add the monitor").click()
    page.get_by_role("link", name="front page").click()
    page.get_by_label("Every so many seconds").fill("0.5")
    page.get_by_role("button", name="Save").click()
    saved(page, "The monitor was changed.")
    expect(page.get_by_label("Every so many seconds")).to_have_value("0.5")
    page.get_by_role("link", name="Stop this monitor").click()
    page.get_by_role("button", name="Stop it now").click()
    saved(page, "The monitor was stopped.")

    page.get_by_role("link", name="Announce maintenance").click()
    page.get_by_label("Starts").fill("2031-03-30T02:30")
    page.get_by_label("Ends").fill("2031-03-30T04:00")
    page.get_by_role("button", name="Announce it").click()
    expect(page.get_by_role("alert")).to_contain_text("Starts:")  # the clock skips that hour
    page.get_by_label("Starts").fill("2031-03-30T04:30")
    page.get_by_role("button", name="Announce it").click()
    expect(page.get_by_role("alert")).to_contain_text("Ends: Maintenance ends after it starts")
    page.get_by_label("Ends").fill("2031-03-30T06:00")
    page.get_by_role("button", name="Announce it").click()
    saved(page, "The work was announced.")
    page.get_by_role("button", name="Call it off").click()
    expect(page.get_by_text("called off", exact=True)).to_be_visible()
