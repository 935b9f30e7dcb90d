"""With the keyboard alone: the skip link, the palette, shortcuts and how to be rid of them."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.conftest import Cast


def focused(page: Page) -> str:
    """The words of what has the focus."""
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.name || ''")).strip()


def test_a_walk_from_the_address_to_a_changed_name(visit: Visit, cast: Cast) -> None:
    page = visit(cast.adam, "/services/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "Add a service"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == "Other"
    page.keyboard.press("k")
    assert focused(page) == "Cloud"
    page.keyboard.press("Enter")
    expect(page).to_have_title("Cloud · Provider")
    link = page.get_by_role("link", name="Change name or description")
    while focused(page) != "Change name or description":
        page.keyboard.press("Tab")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_title("Change name or description · Provider")
    while focused(page) != "name":
        page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("Drive, jk?")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Drive, jk? · Provider")


def test_the_palette_goes_anywhere(visit: Visit, cast: Cast) -> None:
    page = visit(cast.adam, "/account/")
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Go anywhere")
    expect(palette.get_by_role("link", name="Queue")).to_be_visible()
    page.keyboard.type("clou")
    expect(palette.get_by_role("link", name="Cloud Service")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Cloud · Provider")
    page.keyboard.press("Control+k")
    page.keyboard.type("clou")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?in=*")
    expect(page.get_by_role("main").get_by_role("link", name="Cloud Service")).to_be_visible()


def test_shortcuts_go_places_are_listed_and_keep_silent_while_somebody_writes(visit: Visit, cast: Cast) -> None:
    page = visit(cast.bob, "/account/")
    page.get_by_label("Name").focus()
    page.keyboard.type("gs?")
    expect(page.get_by_label("Name")).to_have_value("gs?Bob")
    page.get_by_role("heading", name="Your account").click()
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(listed.get_by_text("go to the services")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_title("Services · Provider")


def test_a_shortcut_can_be_switched_off(visit: Visit, cast: Cast) -> None:
    page = visit(cast.bob, "/account/keyboard/")
    page.get_by_label("g s – go to the services").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_title("Your account · Provider")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(listed.get_by_text("go to the queue")).to_be_visible()
    expect(listed.get_by_text("go to the services")).to_have_count(0)
    expect(page).to_have_title("Your account · Provider")
