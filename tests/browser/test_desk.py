"""The desk through its real pages: the story of an incident, keys alone, two agents at once, and no script at all."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from playwright.sync_api import Page, expect

from baken.record.incidents import flows
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from tests.browser.conftest import Barriers, Visit, sideways
from tests.conftest import PASSWORD, Cast

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def reported(cast: Cast, now: datetime, subject: str = "Mail is slow", hours: float = 0, **more: int) -> int:
    with clock.at(now - timedelta(hours=hours)):
        return flows.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject=subject, **more
        ).number


def a_call_in_peak_hours(now: datetime) -> datetime:
    """Ten o'clock on the last weekday whose afternoon is over: whatever was agreed for it has passed."""
    day = now.astimezone(AMSTERDAM).date()
    while True:
        at = datetime.combine(day, time(10), AMSTERDAM)
        if day.weekday() < 5 and now - at > timedelta(hours=6):
            return at
        day -= timedelta(days=1)


def value(page: Page, code: str) -> str:
    return page.locator(f"#{code} td.value b").inner_text()


def test_the_story_of_an_incident(visit: Visit, cast: Cast, now: datetime, barriers: Barriers) -> None:
    """A customer reports, an agent responds and resolves, another comes too late, and the KPIs say so."""
    call = a_call_in_peak_hours(now)
    after = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    kpis = f"/kpis/?service=cloud&from={call:%Y-%m}-01&to={after:%Y-%m}-01"
    mona = visit(cast.mona, kpis)
    assert [value(mona, code) for code in ("C3", "C4", "C5", "D1", "D2", "D3", "D4")] == ["0"] * 7

    alice = visit(None, "/")
    alice.get_by_label("E-mail address").fill(cast.alice.user.email)
    alice.get_by_label("Password").fill(PASSWORD)
    alice.get_by_role("button", name="Sign in").click()
    alice.get_by_role("link", name="Report an incident").first.click()
    alice.get_by_role("button", name="Report it").click()
    expect(alice.get_by_role("alert")).to_contain_text("What is wrong, in one line?")
    assert not barriers(alice)
    alice.get_by_label("What is wrong, in one line?").fill("Nothing opens")
    alice.get_by_label("Tell us more").fill("Since this morning.\n> a\n> b\n> c\nHelp!")
    alice.get_by_label("Something cannot be reached, or is very slow").check()
    alice.get_by_role("button", name="Report it").click()
    expect(alice.get_by_text("Thank you. Your incident has number")).to_be_visible()
    expect(alice.locator(".state")).to_have_text("We received it. Nobody has answered yet.")
    number = Incident.objects.get().number

    bob = visit(cast.bob, "/incidents/")
    bob.get_by_role("link", name=f"#{number} Nothing opens").click()
    bob.get_by_role("button", name="Take", exact=True).click()
    expect(bob.get_by_text("It is yours now.")).to_be_visible()
    expect(bob.locator(".quoted .body")).to_be_hidden()
    bob.get_by_label("Reply to the customer").fill("We look at it. Which folder?")
    bob.get_by_role("button", name="Send", exact=True).click()
    expect(bob.locator(".clock.met", has_text="in time").first).to_be_visible()
    bob.locator("summary", has_text="Resolve").click()
    bob.get_by_label("What was done? The customer reads it.").fill("The disk was full.")
    bob.locator(".act[open]").get_by_role("button", name="Resolve").click()
    expect(bob.get_by_text("It is resolved.")).to_be_visible()

    for subject, level in (("Everything is down", "Work has stopped"), ("A detail", "It can wait")):
        bob.goto("/incidents/new/?customer=customer")
        bob.get_by_label("Who is calling?").select_option("Alice")
        if level == "Work has stopped":
            bob.get_by_label("When did the call begin?").fill(f"{call:%Y-%m-%dT%H:%M}")
        bob.get_by_label("What is wrong, in one line?").fill(subject)
        bob.get_by_label("availability").check()
        bob.get_by_label(level).check()
        bob.get_by_role("button", name="Register").click()
        bob.get_by_label("Reply to the customer").fill("Done.")
        bob.get_by_role("button", name="Send and resolve").click()
        expect(bob.get_by_text("It is resolved.")).to_be_visible()

    alice.goto("/incidents/?show=done")
    alice.get_by_role("link", name="Everything is down").click()
    expect(alice.locator(".promises")).to_contain_text("met, but after the agreed time")
    alice.get_by_role("link", name="How this was counted").first.click()
    expect(alice.locator(".sum")).to_contain_text("too long")
    assert not barriers(alice)

    mona.reload()
    assert {code: value(mona, code) for code in ("C3", "C4", "C5", "D1", "D2", "D3", "D4")} == {
        "C3": "1", "C4": "1", "C5": "1", "D1": "1", "D2": "1", "D3": "1", "D4": "1",
    }  # fmt: skip
    expect(mona.locator("#D1 td.value")).to_contain_text("3")  # of three clocks that were judged
    mean = (datetime.now(AMSTERDAM) - call) / 3
    assert re.match(rf"{int(mean.total_seconds()) // 3600} h", value(mona, "C6"))


def test_an_incident_by_keys_alone(visit: Visit, cast: Cast, now: datetime, barriers: Barriers) -> None:
    first, second = reported(cast, now, "First", 3, impact=1), reported(cast, now, "Second", 2, impact=1)
    page = visit(cast.bob, "/incidents/")
    keys = page.keyboard
    for key in ("j", "j", "k", "j", "Enter"):
        keys.press(key)
    expect(page.locator("h1")).to_contain_text(f"#{second} Second")

    def typed(shortcut: str, text: str, send: str) -> None:
        page.wait_for_load_state()  # scripts take keys once all of the page has come
        keys.press(shortcut)
        keys.type(text)
        keys.press(send)

    typed("n", "Only we read r, n and e here", "Control+Enter")
    expect(page.locator(".bubble.note")).to_contain_text("Only we read r, n and e here")
    typed("r", "Hello Alice", "Control+Enter")
    expect(page.locator(".bubble.desk")).to_contain_text("Hello Alice")

    keys.press("p")
    expect(page.get_by_label("Everybody, or a whole location")).to_be_focused()
    assert not barriers(page)
    for key in ("ArrowDown", "Tab", "ArrowDown", "Tab"):
        keys.press(key)
    keys.type("It is only the small office")
    keys.press("Control+Enter")
    expect(page.locator(".facts .priority")).to_have_text("low")

    keys.press("c")
    keys.press("Space")
    keys.press("Escape")
    expect(page.locator(".act[open]")).to_have_count(0)
    expect(page.locator("[data-shortcut=class]")).to_be_focused()

    keys.press("a")
    keys.type("Bob")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_text("It was assigned.")).to_be_visible()

    keys.press("w")
    typed("Tab", "Which folder?", "Control+Enter")
    expect(page.locator(".head")).to_contain_text("waiting for the customer")
    keys.press("m")
    keys.type(str(first))
    keys.press("Enter")
    expect(page.locator("h1")).to_contain_text(f"#{first} First")
    expect(page.locator(".bubble", has_text="Hello Alice")).to_contain_text(f"#{second}")

    typed("r", "Solved", "Control+Shift+Enter")
    expect(page.get_by_text("It is resolved.")).to_be_visible()
    keys.press("g")
    keys.press("q")
    expect(page.get_by_role("heading", name="Nothing to do here")).to_be_visible()
    keys.press("/")
    keys.type("hello")
    keys.press("Enter")
    expect(page.get_by_role("link", name=f"#{second} Second")).to_be_visible()
    expect(page.get_by_role("link", name=f"#{first} First")).to_have_count(0)


def test_two_agents_at_once(visit: Visit, cast: Cast, now: datetime) -> None:
    number = reported(cast, now)
    bob, bea = (visit(person, f"/incidents/{number}/") for person in (cast.bob, cast.bea))
    bob.get_by_role("button", name="Take", exact=True).click()
    bea.get_by_role("button", name="Take", exact=True).click()
    expect(bea.get_by_role("alert")).to_contain_text("A colleague works on this incident")
    expect(bea.get_by_role("alert")).to_contain_text("Bob took it on")
    bea.get_by_role("button", name="Take it over").click()
    expect(bea.locator(".facts")).to_contain_text("Bea")

    bob.clock.install()
    bob.reload()
    with bea.expect_response("**/drafts/reply/"):
        bea.get_by_label("Reply to the customer").fill("I think that")
    expect(bea.get_by_text("Draft kept at")).to_be_visible()
    with bob.expect_response("**/presence/*"):
        bob.clock.fast_forward(10_000)
    expect(bob.get_by_text("Bea is writing")).to_be_visible()
    expect(bea.get_by_text("Bob is here")).to_be_visible()
    bea.reload()
    expect(bea.get_by_label("Reply to the customer")).to_have_value("I think that")
    bea.get_by_role("button", name="Send", exact=True).click()
    expect(bea.locator(".bubble.desk")).to_have_text(re.compile("I think that"))

    bob.get_by_label("Reply to the customer").fill("In my opinion")
    bob.get_by_role("button", name="Send", exact=True).click()
    expect(bob.get_by_role("alert").first).to_contain_text("Somebody wrote while you were writing")
    expect(bob.get_by_label("Reply to the customer")).to_have_value("In my opinion")
    expect(bob.locator(".bubble.desk")).to_have_text(re.compile("I think that"))
    bob.get_by_role("button", name="Send", exact=True).click()
    expect(bob.locator(".bubble.desk")).to_have_count(2)

    with bea.expect_response("**/drafts/reply/"):
        bea.get_by_label("Reply to the customer").fill("And that")
    bea.locator("summary", has_text="Resolve").click()
    bea.get_by_label("What was done? The customer reads it.").fill("Not sent yet")
    for page in (bob, bea):
        page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    with bob.expect_navigation(url="**/sign-in/?ended=on*"):  # nothing is lost there
        bob.clock.fast_forward(10_000)
    expect(bea.get_by_role("heading", name="Your session has ended")).to_be_visible(timeout=20_000)
    expect(bea.get_by_label("What was done? The customer reads it.")).to_have_value("Not sent yet")
    expect(bea.get_by_label("What was done? The customer reads it.")).to_be_focused()
    expect(bea.get_by_label("Reply to the customer")).to_have_value("And that")
    assert bea.locator("main textarea:not([readonly]), main [hx-post], main input").count() == 0
    assert "Mail is slow" not in bea.locator("main").inner_text() + bea.title(), "what was the customer's has gone"
    bea.keyboard.press("g")
    bea.keyboard.press("q")
    assert bea.url.endswith(f"/incidents/{number}/"), "no shortcut takes it away"
    with bea.expect_popup() as tab:
        bea.get_by_role("link", name="Sign in").click()
    expect(tab.value).to_have_title("Sign in · Provider")


def test_the_queue_stays_still_and_tells_what_is_new(visit: Visit, cast: Cast, now: datetime) -> None:
    first, second = reported(cast, now, "First", 3, impact=1), reported(cast, now, "Second", 2, impact=1)
    page = visit(cast.bob, "/incidents/?view=unassigned")
    page.clock.install()
    page.reload()
    page.keyboard.press("j")
    flows.take(cast.bea.caller, second)
    with clock.at(datetime.now(UTC)):
        third = flows.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Third", impact=1, urgency=1
        ).number
    with page.expect_response("**/incidents/changes/*"):
        page.clock.fast_forward(30_000)
    expect(page.locator(f"#row-{second}")).to_have_class(re.compile("gone"))
    expect(page.locator(f"#row-{second}")).to_contain_text("Bea")
    assert page.locator("#queue tbody tr").evaluate_all("rows => rows.map(row => row.id)") == [
        f"row-{first}", f"row-{second}",
    ]  # fmt: skip
    expect(page.locator(f"#open-{first}")).to_be_focused()
    page.get_by_role("link", name="1 new: show it").click()
    expect(page.locator(f"#row-{third}")).to_be_visible()
    expect(page.locator(f"#row-{second}")).to_have_count(0)

    badge = page.locator(f"#row-{first} .clock")
    expect(badge.locator(".more")).to_be_hidden()
    badge.locator("a").focus()
    expect(badge.locator(".more")).to_contain_text("past the agreed time")
    page.keyboard.press("Escape")
    expect(badge.locator(".more")).to_be_hidden()


def test_without_script(visit: Visit, cast: Cast, now: datetime) -> None:
    number = reported(cast, now)
    bob = visit(cast.bob, f"/incidents/{number}/?view=open", width=390, java_script_enabled=False)
    bob.locator("summary", has_text="Wait").click()
    bob.get_by_label("the customer", exact=True).check()
    bob.locator(".act[open]").get_by_role("button", name="Wait").click()
    expect(bob.get_by_role("alert")).to_contain_text("Question or reason")
    assert sideways(bob) <= 0
    bob.get_by_label("Question or reason").fill("Which folder?")
    bob.locator(".act[open]").get_by_role("button", name="Wait").click()
    expect(bob.get_by_text("It waits now.")).to_be_visible()

    alice = visit(cast.alice, "/incidents/", width=390, java_script_enabled=False)
    alice.get_by_role("link", name="Mail is slow").click()
    alice.get_by_label("Your answer").fill("The blue one")
    alice.get_by_role("button", name="Send").click()
    expect(alice.locator(".state")).to_have_text("We are working on it.")
    alice.get_by_text("It is not needed any more").click()
    alice.get_by_label("Why is it no longer needed?").fill("It works again")
    alice.get_by_role("button", name="Withdraw the incident").click()
    expect(alice.locator(".state")).to_have_text("You withdrew this incident.")
    alice.get_by_role("link", name="File a complaint").click()
    expect(alice.get_by_label(f"#{number} Mail is slow")).to_be_checked()
    alice.get_by_label("What are you not satisfied with, in one line?").fill("It took too long")
    alice.get_by_label("What happened?").fill("Nobody told me anything.")
    alice.get_by_role("button", name="Send the complaint").click()

    mona = visit(cast.mona, "/complaints/", java_script_enabled=False)
    mona.get_by_role("link", name="It took too long").click()
    mona.locator("summary", has_text="Acknowledge").click()
    mona.get_by_label("Message to the customer").fill("I look into it")
    mona.locator(".act[open]").get_by_role("button", name="Acknowledge").click()
    mona.locator("summary", has_text="Decide").click()
    mona.get_by_label("partly upheld").check()
    mona.get_by_label("Reasons").fill("You should have heard from us")
    mona.locator(".act[open]").get_by_role("button", name="Decide").click()
    alice.reload()
    expect(alice.locator(".state")).to_contain_text("partly upheld")
    expect(alice.locator(".conversation")).to_contain_text("You should have heard from us")
