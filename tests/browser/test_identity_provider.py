"""Signing in at a real identity provider, as people do: there and back in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from baken.record.ledger.models import LedgerFact
from baken.record.people import sessions
from baken.record.people.models import Identity, IdentityProvider, User
from tests.browser.conftest import Barriers, Visit, sign_out
from tests.conftest import Cast
from tests.flows.openid_provider import Provider

PEOPLE = {
    "alice": {"email": "Alice@customer.example", "email_verified": True, "name": "Alice"},
    "eve": {"email": "alice@customer.example", "email_verified": True, "name": "Eve"},
    "unsure": {"email": "alice@customer.example", "email_verified": False, "name": "Unsure"},
    "new": {"email": "new@customer.example", "email_verified": True, "name": "Noor Nieuw"},
    "bob": {"email": "bob@provider.example", "email_verified": True, "name": "Bob"},
}
METHODS: dict[str, dict[str, Any]] = {
    "alice": {"amr": ["pwd"], "acr": "two-steps"}, "new": {"amr": ["pwd", "otp"]},
}  # fmt: skip


@pytest.fixture
def elsewhere() -> Iterator[Provider]:
    provider = Provider(PEOPLE, METHODS)
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()


@pytest.fixture
def here(settings: Settings, site: str) -> str:
    settings.BAKEN_URL, settings.BAKEN_OPENID_PRIVATE = site, True
    return site


def sign_in_there(page: Page, name: str) -> None:
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill("anything")
    page.get_by_role("button", name="Sign-in").click()


def agree_there(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


def go_in(page: Page, name: str) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in/?next=/account/security/")
    page.get_by_role("link", name="Sign in with Customer's own").click()
    sign_in_there(page, name)
    agree_there(page)


def add(page: Page, elsewhere: Provider) -> IdentityProvider:
    """As an administrator does: name it, register the address it shows there, and fill in what one gets for that."""
    page.get_by_label("Organisation").select_option("customer")
    page.get_by_label("Name").fill("Customer's own")
    page.get_by_label("Issuer").fill(elsewhere.issuer + "/")
    page.get_by_label("Client ID").fill("later")
    page.get_by_label("E-mail domains").fill("Customer.example, customer.test")
    page.get_by_role("button", name="Add the provider").click()
    expect(page.get_by_role("alert")).to_contain_text("It calls itself otherwise")
    page.get_by_label("Issuer").fill(elsewhere.issuer)
    page.get_by_role("button", name="Add the provider").click()
    client = elsewhere.register(page.locator("code.secret").inner_text())
    page.get_by_label("Client ID").fill(client["client_id"])
    page.get_by_label("Client secret").fill(client["client_secret"])
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The identity provider was changed")).to_be_visible()
    return IdentityProvider.objects.get()


def test_there_and_back(visit: Visit, cast: Cast, here: str, elsewhere: Provider, barriers: Barriers) -> None:
    row = add(visit(cast.adam, "/identity-providers/new/"), elsewhere)
    assert row.domains == "customer.example customer.test"
    page = visit(None, "/sign-in/")
    assert not barriers(page)

    go_in(page, "unsure")
    expect(page.get_by_role("status").first).to_contain_text("does not say that your e-mail address is verified")
    go_in(page, "new")
    expect(page.get_by_role("status").first).to_contain_text("Nobody here has your e-mail address")
    go_in(page, "bob")
    expect(page.get_by_role("status").first).to_contain_text("does not speak for your e-mail address")
    assert not Identity.objects.exists()

    go_in(page, "alice")
    expect(page).to_have_title("Signing in · Provider")
    expect(page.get_by_text("You sign in with it.")).to_be_visible()
    identity = Identity.objects.get()
    assert identity.user == cast.alice.user and sessions.sign_ins(cast.alice.user).count() == 1
    fact = LedgerFact.objects.get(kind="person.identity_linked")
    assert (fact.stream_id, fact.data) == (cast.alice.user.id, {"provider": str(row.id)})
    go_in(page, "eve")
    expect(page.get_by_role("status").first).to_contain_text("belongs to somebody else at the provider")

    elsewhere.stop()  # it comes back with another key, and says more in the token itself
    elsewhere.start(in_id_token=True)
    cast.alice.user.set_unusable_password()
    cast.alice.user.save()
    go_in(page, "alice")
    expect(page).to_have_title("Signing in · Provider")
    assert Identity.objects.get().last_used_at > identity.last_used_at

    page.goto("/account/confirmation/?next=/account/security/app/")
    expect(page.get_by_label("Password")).to_have_count(0)
    page.get_by_role("link", name="Sign in with Customer's own").click()
    sign_in_there(page, "eve")  # still signed in as Alice there: asked anew all the same, and somebody else comes back
    agree_there(page)
    expect(page.get_by_role("status").first).to_contain_text("did not confirm that it is you")
    page.get_by_role("link", name="Sign in with Customer's own").click()
    sign_in_there(page, "alice")
    agree_there(page)
    expect(page).to_have_title("Add an app · Provider")


def test_new_people_by_rule_a_second_step_of_ours_and_the_end_of_it(
    visit: Visit, cast: Cast, here: str, elsewhere: Provider, settings: Settings
) -> None:
    administrator = visit(cast.adam, "/identity-providers/new/")
    add(administrator, elsewhere)
    IdentityProvider.objects.update(new_role="customer")
    administrator.get_by_role("link", name="Customer's own").click()
    administrator.get_by_label("Its second step").select_option("said")
    administrator.get_by_role("button", name="Save").click()
    expect(administrator.get_by_text("The identity provider was changed")).to_be_visible()
    settings.BAKEN_SECOND_FACTOR = "everyone"
    page = visit(None, "/sign-in/")
    go_in(page, "new")  # by a password and a code, it says
    page.goto("/incidents/new/")
    expect(page).to_have_title("Report an incident · Provider")
    made = User.objects.order_by("created_at").last()
    assert made is not None and made.name == "Noor Nieuw" and not made.has_usable_password()
    assert [held.role for held in made.memberships.all()] == ["customer"]
    go_in(page, "alice")  # by a password, and an `acr` that nobody told us about
    expect(page.get_by_text("A second step is asked of you")).to_be_visible()
    row = IdentityProvider.objects.get()
    row.acr_values = "two-steps"
    row.save()
    page.context.clear_cookies()
    page.goto("/sign-in/?next=/incidents/new/")
    with page.expect_request(lambda request: "acr_values=two-steps" in request.url):
        page.get_by_role("link", name="Sign in with Customer's own").click()
    sign_in_there(page, "alice")
    agree_there(page)
    expect(page).to_have_title("Report an incident · Provider")

    settings.BAKEN_SECOND_FACTOR = "off"
    administrator.goto("/identity-providers/")
    administrator.get_by_role("link", name="Customer's own").click()
    administrator.get_by_role("button", name="Take its word no more").click()
    expect(administrator.get_by_text("ended")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/sign-in/")
    expect(page.get_by_role("link", name="Sign in with")).to_have_count(0)


def test_what_comes_back_unasked_is_refused(visit: Visit, cast: Cast, here: str, elsewhere: Provider) -> None:
    row = add(visit(cast.adam, "/identity-providers/new/"), elsewhere)
    back = f"/sign-in/with/{row.id}/return/"
    page = visit(None, f"{back}?code=x&state=y")
    expect(page.get_by_role("status").first).to_contain_text("was broken off")

    page.get_by_role("link", name="Sign in with").click()
    sign_in_there(page, "alice")
    with page.expect_request(lambda request: back in request.url) as arrived:
        agree_there(page)
    expect(page).to_have_title("Front page · Provider")
    sign_out(page)
    page.goto(arrived.value.url)  # the same answer once more
    expect(page.get_by_role("status").first).to_contain_text("was broken off")

    stolen = visit(None, "/sign-in/")  # somebody else's answer, brought to a session that has asked for its own
    stolen.get_by_role("link", name="Sign in with").click()
    stolen.goto(arrived.value.url)
    expect(stolen.get_by_role("status").first).to_contain_text("was broken off")
    stolen.get_by_role("link", name="Sign in with").click()
    stolen.goto(f"{back}?error=access_denied&state=x")
    expect(stolen.get_by_role("status").first).to_contain_text("was broken off")
    elsewhere.stop()
    stolen.get_by_role("link", name="Sign in with").click()
    expect(stolen.get_by_role("status").first).to_contain_text("It does not answer")
