"""Signing in and out, the account, language and theme; all of it without JavaScript too."""

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from baken.record.people.tries import PER_ACCOUNT
from tests.browser.conftest import Visit, sign_out
from tests.conftest import PASSWORD, Cast

NEW = "quite another sentence"


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("script", [True, False])
def test_the_way_in_leads_to_where_one_wanted_to_go_and_back_out(visit: Visit, cast: Cast, script: bool) -> None:
    page = visit(None, "/services/?page=1", java_script_enabled=script)
    expect(page).to_have_title("Sign in · Provider")
    sign_in(page, "alice@customer.example", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("E-mail address")).to_have_value("alice@customer.example")
    sign_in(page, "ALICE@customer.example", PASSWORD)
    page.wait_for_url("**/services/?page=1")
    sign_out(page)
    expect(page).to_have_title("Sign in · Provider")
    page.goto("/services/")
    expect(page).to_have_title("Sign in · Provider")


def test_nobody_is_led_to_another_site(visit: Visit, cast: Cast, site: str) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        page = visit(None, f"/sign-in/?next={elsewhere}")
        sign_in(page, "alice@customer.example", PASSWORD)
        page.wait_for_url(f"{site}/")


def test_guesses_run_out_and_the_page_says_for_how_long(visit: Visit, cast: Cast) -> None:
    page = visit(None, "/sign-in/")
    for _ in range(PER_ACCOUNT):
        sign_in(page, "alice@customer.example", "wrong")
        expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    sign_in(page, "alice@customer.example", PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("Wait 15 min")


def test_the_session_cookie_is_out_of_reach_of_scripts(visit: Visit, cast: Cast) -> None:
    page = visit(None, "/sign-in/")
    before = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    sign_in(page, "alice@customer.example", PASSWORD)
    page.wait_for_url("**/")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    session = cookies[settings.SESSION_COOKIE_NAME]
    assert session["httpOnly"] and session["sameSite"] == "Lax"
    assert session["value"] != before.get(settings.SESSION_COOKIE_NAME)
    assert page.evaluate("document.cookie") == ""


def test_an_account_its_password_and_its_sessions(visit: Visit, cast: Cast) -> None:
    here, elsewhere = visit(cast.alice, "/account/"), visit(cast.alice, "/")
    here.get_by_label("Name").fill("Alice Ahoy")
    here.get_by_label("Time zone").select_option("Asia/Tokyo")
    here.get_by_role("button", name="Save").click()
    expect(here.get_by_text("Your account was changed.")).to_be_visible()
    expect(here.get_by_role("link", name="Alice Ahoy")).to_be_attached()

    here.get_by_role("link", name="Password, second step").click()
    here.get_by_role("button", name="End this session").click()
    expect(here.get_by_role("button", name="End this session")).to_have_count(0)
    elsewhere.reload()
    expect(elsewhere).to_have_title("Sign in · Provider")

    here.get_by_role("link", name="Change your password").click()
    here.get_by_label("Present password").fill("wrong")
    here.get_by_label("New password").fill(NEW)
    here.get_by_role("button", name="Save").click()
    expect(here.get_by_role("alert")).to_contain_text("not your present password")
    here.get_by_label("Present password").fill(PASSWORD)
    here.get_by_label("New password").fill(NEW)
    here.get_by_role("button", name="Save").click()
    expect(here).to_have_title("Signing in · Provider")
    sign_in(elsewhere, "alice@customer.example", NEW)
    elsewhere.wait_for_url("**/")


def test_theme_and_language_follow_the_reader(visit: Visit, cast: Cast) -> None:
    page = visit(None, "/sign-in/", dark=True)
    ground = "getComputedStyle(document.body).backgroundColor"
    night = page.evaluate(ground)
    page.get_by_role("button", name="Light", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.evaluate(ground) != night
    page.get_by_role("button", name="Nederlands").click()
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    # The account's own choice goes before the cookie's, and is kept in it.
    page = visit(cast.bob, "/account/")
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(visit(cast.bob, "/account/").locator("html")).to_have_attribute("data-theme", "dark")
