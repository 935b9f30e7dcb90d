"""The second step in a browser: an app for codes, codes on paper, passkeys of a virtual device, showing who one is."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import CDPSession, Page, expect
from pytest_django import Settings

from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.people import authenticator, factors, passkeys, sessions
from baken.record.people.models import Authenticator, Passkey, User
from baken.record.people.session_store import SessionStore
from tests.browser.conftest import Barriers, Visit, sign_out
from tests.browser.test_signing_in import sign_in
from tests.conftest import PASSWORD, Cast
from tests.flows.test_factors import code_at

Device = Callable[[Page], tuple[CDPSession, str]]


@pytest.fixture
def here(settings: Settings, site: str) -> str:
    """Passkeys are for the address at which people open Baken."""
    settings.BAKEN_URL = site
    return site


@pytest.fixture
def device() -> Iterator[Device]:
    """Gives a page's browser a device that keeps passkeys and has seen a finger."""
    plugged: list[CDPSession] = []

    def plug_in(page: Page) -> tuple[CDPSession, str]:
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        plugged.append(session)
        return session, made["authenticatorId"]

    yield plug_in
    for session in plugged:
        session.detach()


def now_code(user: User) -> str:
    """What the person's app shows now, with the last one forgotten, so that a test need not wait for the next."""
    Authenticator.objects.filter(user=user).update(last_step=0)
    return code_at(Authenticator.objects.get(user=user).secret, datetime.now(UTC))


def refuse(session: CDPSession, device: str, *, verified: bool) -> None:
    session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": verified})


@pytest.mark.parametrize("script", [True, False])
def test_an_app_and_codes_on_paper(visit: Visit, cast: Cast, barriers: Barriers, script: bool) -> None:
    page = visit(cast.alice, "/account/", java_script_enabled=script)
    page.get_by_role("link", name="Password, second step").click()
    expect(page.get_by_text("Your password alone lets people in")).to_be_visible()
    page.get_by_role("link", name="Add an app").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = page.locator("code.secret").inner_text()
    page.get_by_label("Code", exact=True).fill("12")
    page.get_by_role("button", name="Add the app").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the code that the app shows now")
    assert page.locator("code.secret").inner_text() == secret
    page.get_by_label("Code", exact=True).fill(code_at(secret, datetime.now(UTC)))
    page.get_by_role("button", name="Add the app").click()
    expect(page.locator(".codes li")).to_have_count(10)
    codes = page.locator(".codes li").all_inner_texts()
    if script:
        assert not barriers(page)
    page.get_by_role("link", name="I have them").click()
    expect(page.get_by_text("10 are left")).to_be_visible()

    sign_out(page)
    sign_in(page, "alice@customer.example", PASSWORD)
    expect(page).to_have_title("The second step · Provider")
    before = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    page.goto("/account/")
    expect(page).to_have_title("Sign in · Provider")  # the password alone opens nothing
    page.goto("/sign-in/step/")
    page.get_by_label("Code", exact=True).fill("nonsense")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    page.get_by_label("Code", exact=True).fill(now_code(cast.alice.user))
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_title("Front page · Provider")
    after = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert before["sessionid"] != after["sessionid"]

    sign_out(page)
    sign_in(page, "alice@customer.example", PASSWORD)
    page.get_by_label("Code", exact=True).fill(codes[3])
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_title("Front page · Provider")
    page.goto("/account/security/")
    expect(page.get_by_text("9 are left")).to_be_visible()
    page.get_by_role("button", name="Remove the app").click()
    expect(page.get_by_text("The app was removed")).to_be_visible()
    sign_out(page)
    sign_in(page, "alice@customer.example", PASSWORD)
    expect(page).to_have_title("Front page · Provider")


def test_a_passkey_is_added_and_lets_in_alone_and_as_second_step(
    visit: Visit, cast: Cast, here: str, device: Device, barriers: Barriers
) -> None:
    page = visit(cast.alice, "/account/security/")
    session, key = device(page)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Laptop of Alice")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("Print them or write them down now")).to_be_visible()
    page.goto("/account/security/")
    expect(page.locator("strong", has_text="Laptop of Alice")).to_be_visible()
    assert not barriers(page)
    (held,) = session.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
    assert held["isResidentCredential"] and held["rpId"] == "localhost"

    page.goto("/account/security/passkeys/new/")  # the same device keeps one passkey of a person
    page.get_by_label("Name").fill("Again")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The device made no passkey")

    sign_out(page)
    with clock.at(datetime.now(UTC)):
        made = sessions.reset_password(cast.adam.caller, cast.alice.user)
    page.goto("/sign-in/?next=/account/security/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_title("Signing in · Provider")  # a password that was made for her is not asked to be changed
    passkey = Passkey.objects.get()
    assert passkey.user == cast.alice.user and passkey.last_used_at and passkey.count > 0

    sign_out(page)
    sign_in(page, "alice@customer.example", made)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_title("Choose your password · Provider")  # she got in with it
    page.get_by_label("The password you were given").fill(made)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_title("Front page · Provider")

    page.goto("/account/security/")
    page.get_by_role("link", name="Change Laptop of Alice").click()
    page.get_by_label("Name").fill("Old laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Change Old laptop").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("None yet. A passkey")).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("status").first).to_contain_text("This passkey is not known here")
    kinds = list(LedgerFact.objects.filter(stream_id=cast.alice.user.id).order_by("seq").values_list("kind", flat=True))
    assert [kind for kind in kinds if "password" not in kind] == [
        "person.added", "person.passkey_added", "person.recovery_codes_made", "person.passkey_removed",
    ]  # fmt: skip


def registered(page: Page, name: str) -> None:
    page.goto("/account/security/passkeys/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.locator("form[data-passkey=create]")).to_have_count(0)


def caught(page: Page, path: str) -> dict[str, str]:
    """What a device answers at a page, kept back instead of sent."""
    page.goto(path)
    page.evaluate("() => { HTMLFormElement.prototype.submit = () => { document.title = 'caught'; }; }")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_title("caught")
    form = page.locator("form[data-passkey]")
    return {name: form.locator(f"[name={name}]").input_value() for name in ("csrfmiddlewaretoken", "answer")}


def test_an_answer_is_good_for_one_challenge_of_one_session(
    visit: Visit, cast: Cast, here: str, device: Device
) -> None:
    page, other = visit(cast.alice, "/account/security/"), visit(None, "/sign-in/")
    device(page)
    registered(page, "Laptop")
    sign_out(page)
    answer = caught(page, "/sign-in/")

    csrf = other.locator("[name=csrfmiddlewaretoken]").first.input_value()  # another session, whatever it asks itself
    other.request.post(f"{here}/passkeys/challenge/", form={"csrfmiddlewaretoken": csrf})
    elsewhere = other.request.post(
        f"{here}/passkeys/answer/", form={"csrfmiddlewaretoken": csrf, "answer": answer["answer"]}
    )
    assert "not known here" in elsewhere.text()

    page.request.post(f"{here}/passkeys/answer/", form=answer)
    page.goto("/account/")
    expect(page).to_have_title("Your account · Provider")
    sign_out(page)
    answer["csrfmiddlewaretoken"] = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    assert "not known here" in page.request.post(f"{here}/passkeys/answer/", form=answer).text()

    late = caught(page, "/sign-in/")
    store = SessionStore(next(c["value"] for c in page.context.cookies() if c["name"] == "sessionid"))
    store["challenge"]["at"] = (datetime.now(UTC) - timedelta(minutes=11)).isoformat()
    store.save()
    assert "not known here" in page.request.post(f"{here}/passkeys/answer/", form=late).text()


def test_a_copied_key_an_unverified_person_and_another_address_are_refused(
    visit: Visit, cast: Cast, here: str, device: Device, settings: Settings
) -> None:
    page = visit(cast.alice, "/account/security/")
    session, key = device(page)
    registered(page, "Laptop")
    sign_out(page)

    refuse(session, key, verified=False)  # no finger, no face, no PIN
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The device gave no passkey")
    refuse(session, key, verified=True)

    Passkey.objects.update(count=1_000)  # the original has signed more often than this copy
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("status").first).to_contain_text("may have been copied")
    assert LedgerFact.objects.filter(stream_id=cast.alice.user.id, kind="person.passkey_doubted").count() == 1
    Passkey.objects.update(count=0)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("status").first).not_to_contain_text("copied")
    sign_out(page)

    answer = caught(page, "/sign-in/")
    settings.BAKEN_URL = here.replace("http:", "https:")  # signed at one address, sent to another
    assert "not known here" in page.request.post(f"{here}/passkeys/answer/", form=answer).text()


def test_where_browsers_have_no_passkeys_nobody_is_offered_one(visit: Visit, cast: Cast, settings: Settings) -> None:
    for address, possible in (
        ("http://127.0.0.1:8420", False), ("http://desk.example", False), ("https://192.0.2.1", False),
        ("https://[2001:db8::1]", False), ("https://desk.example", True), ("http://localhost:8420", True),
    ):  # fmt: skip
        settings.BAKEN_URL = address
        assert passkeys.possible() is possible, address
    settings.BAKEN_URL = "http://127.0.0.1:8420"
    expect(visit(None, "/sign-in/").get_by_role("button", name="Use a passkey")).to_have_count(0)
    page = visit(cast.alice, "/account/security/")
    expect(page.get_by_text("BAKEN_URL")).to_be_visible()
    expect(page.get_by_role("link", name="Add a passkey")).to_have_count(0)


def test_whoever_needs_a_second_step_reaches_nothing_without_one(visit: Visit, cast: Cast, settings: Settings) -> None:
    settings.BAKEN_SECOND_FACTOR = "staff"
    expect(visit(cast.alice, "/incidents/")).to_have_title(re.compile("incidents"))
    page = visit(None, "/incidents/")
    sign_in(page, "bob@provider.example", PASSWORD)
    for path in ("/incidents/", "/", "/account/", "/account/password/", "/search/?in=x"):
        page.goto(path)
        expect(page).to_have_title("Signing in · Provider")
        expect(page.get_by_text("A second step is asked of you")).to_be_visible()
    page.get_by_role("link", name="Add an app").click()
    page.get_by_label("Code", exact=True).fill(code_at(page.locator("code.secret").inner_text(), datetime.now(UTC)))
    page.get_by_role("button", name="Add the app").click()
    page.get_by_role("link", name="I have them").click()
    page.goto("/incidents/")
    expect(page).to_have_title(re.compile("Queue|Incidents"))
    page.goto("/account/security/")
    page.get_by_role("button", name="Remove the app").click()
    expect(page.get_by_text("Add another one before you remove this", exact=False)).to_be_visible()


def test_old_sessions_take_the_second_step_too(
    visit: Visit, cast: Cast, here: str, device: Device, settings: Settings
) -> None:
    page = visit(cast.bob, "/incidents/")
    with clock.at(datetime.now(UTC)):
        offer = authenticator.offer(cast.bob.user, issuer="Baken")
        authenticator.confirm(cast.bob.user, code_at(offer.secret, datetime.now(UTC)))
    assert factors.held(cast.bob.user)
    settings.BAKEN_SECOND_FACTOR = "everyone"
    page.goto("/incidents/")
    expect(page).to_have_title("The second step · Provider")
    page.get_by_label("Code", exact=True).fill(now_code(cast.bob.user))
    page.get_by_role("button", name="Go on").click()
    page.goto("/incidents/")
    expect(page).to_have_title(re.compile("Queue|Incidents"))

    settings.BAKEN_SECOND_FACTOR = "off"
    old, new = visit(cast.alice, "/incidents/"), visit(cast.alice, "/account/security/")
    device(new)
    registered(new, "Laptop")
    old.goto("/incidents/")
    expect(old).to_have_title("Sign in · Provider")


def test_who_one_is_has_to_be_shown_again_after_ten_minutes(
    visit: Visit, cast: Cast, here: str, device: Device
) -> None:
    def time_passes(page: Page) -> None:
        key = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sessionid")
        store = SessionStore(key)
        store["shown"] = (datetime.now(UTC) - timedelta(minutes=11)).isoformat()
        store.save()

    page = visit(cast.adam, "/account/security/")
    device(page)
    registered(page, "Laptop")
    codes = page.locator(".codes li").all_inner_texts()
    for path, title in (
        ("/account/security/app/", "Add an app"), ("/account/security/passkeys/new/", "Add a passkey"),
        ("/tokens/new/", "Make an API token"), (f"/people/{cast.bob.user.id}/password/", "Make a new password"),
        ("/identity-providers/new/", "Add a provider"),
    ):  # fmt: skip
        time_passes(page)
        page.goto(path)
        expect(page).to_have_title("Still you? · Provider")
        if path.endswith("/app/"):
            page.get_by_label("Password").fill("wrong")
            page.get_by_label("Code").fill(codes[0])
            page.get_by_role("button", name="Go on").click()
            expect(page.get_by_role("alert").first).to_contain_text("not your present password")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_label("Code").fill(codes[0])
            page.get_by_role("button", name="Go on").click()
        else:
            page.get_by_role("button", name="Use a passkey").click()
        expect(page).to_have_title(f"{title} · Provider")
    page.goto("/account/security/")
    time_passes(page)
    page.get_by_role("button", name="Make new codes").click()
    expect(page).to_have_title("Still you? · Provider")
