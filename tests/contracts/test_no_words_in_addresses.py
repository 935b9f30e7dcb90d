"""Nothing that somebody types stands in an address: pages and operations take their words in the body."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse

from baken.show.api.application import api
from baken.show.api.document import operations
from tests.conftest import Cast
from tests.page_table import PAGES, make_world

NO_TEXT = {"hidden", "checkbox", "radio", "submit", "button", "number", "date", "datetime-local", "month", "time"}
"""Fields in which nobody writes. What is hidden holds codes and numbers that a page made."""


class Asking(HTMLParser):
    """Finds fields for text whose content a browser would put into an address."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.by_address = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.by_address = (given.get("method") or "get").lower() == "get"
        text = tag == "textarea" or (tag == "input" and (given.get("type") or "text") not in NO_TEXT)
        if text and (self.by_address or "hx-get" in given):
            self.found.append(str(given.get("name")))

    def handle_endtag(self, tag: str) -> None:
        self.by_address = self.by_address and tag != "form"


def test_no_page_asks_for_words_by_an_address(cast: Cast) -> None:
    world, wrong, forms = make_world(cast), [], 0
    for who in ("anonymous", "customer", "agent", "manager", "administrator", "auditor"):
        client, person = Client(), world.person(who)
        if person:
            client.force_login(person.user)
        for name, row in PAGES.items():
            if not row.changes and row.status(who) == 200:
                answer = client.get(reverse(name, args=row.args(world)))
                page = "" if answer.streaming else answer.content.decode(errors="replace")
                forms += page.count('type="search"')
                wrong += [(who, name, field) for field in Asking(page).found]
    assert wrong == []
    assert forms > 100, "the pages were there"


def test_a_field_that_would_is_noticed() -> None:
    assert Asking("<form><input name=a><input type=date name=d></form><input name=b>").found == ["a"]
    assert Asking("<form method=post><input name=a><input name=b hx-get=/x></form>").found == ["b"]
    assert Asking("<form method=GET><textarea name=t></textarea><input type=SEARCH name=s></form>").found == ["t", "s"]


def _texts(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What of a schema is any text at all: not a choice, no form that holds it to a code, a day or an id."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    for part in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *filter(None, [schema.get("items")])):
        yield from _texts(part, schemas)
    free = schema.get("type") == "string" or not {"type", "anyOf", "allOf", "enum", "const"} & set(schema)
    if free and not {"enum", "const", "format", "pattern"} & set(schema):
        yield schema


def test_no_operation_takes_words_by_its_address(db: None) -> None:
    document = api.get_openapi_schema()
    schemas = document["components"]["schemas"]
    asked = [
        (f"{method} {path}", parameter)
        for path, method, operation in operations(document)
        for parameter in operation["parameters"]
        if parameter["in"] == "query"
    ]
    assert len(asked) > 50
    assert [(where, one["name"]) for where, one in asked if list(_texts(one["schema"], schemas))] == []
    assert list(_texts({"type": "string", "maxLength": 500}, {})), "which would be noticed"
