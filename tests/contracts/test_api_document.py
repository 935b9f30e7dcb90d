"""The OpenAPI document and its pages say what the API does, all of it, and no more."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from baken.record.people.access import Permission
from baken.show.api.document import operations
from baken.show.api.problems import TYPES
from tests.contracts.asking import BASE

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/api.md"
CHANGES = {"POST", "PUT", "PATCH"}


@pytest.fixture
def document(db: None, client: Client) -> dict[str, Any]:
    """As anybody gets it."""
    answer = client.get(f"{BASE}/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_it_is_openapi_3_1_and_holds_together(document: dict[str, Any]) -> None:
    assert (document["openapi"], document["info"]["title"]) == ("3.1.0", "Baken")
    for reference in set(references(document)):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert set(document["components"]["securitySchemes"]) == {"Token", "Signed", "SourceToken"}


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    permissions = {permission.value for permission in Permission}
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"][0].isupper(), where
        assert len(operation["description"]) > 30, where
        assert "Needs " in operation["description"], where
        assert set(operation["x-permissions"]) <= permissions, where
        assert {"500", "503"} <= set(operation["responses"]), where
        assert ("401" in operation["responses"]) == bool(operation["security"]), where
        assert ("requestBody" in operation) <= (method in CHANGES), where
        for parameter in operation["parameters"]:
            told = parameter.get("description") or parameter["schema"].get("description")
            assert parameter["in"] == "path" or told, (where, parameter["name"])
        parts = set(re.findall(r"{(\w+)}", path))
        assert parts == {one["name"] for one in operation["parameters"] if one["in"] == "path"}, where


def test_every_error_has_an_example_and_a_type_of_its_own(document: dict[str, Any]) -> None:
    answers = document["components"]["responses"]
    assert set(answers) == {code for code, _ in TYPES.values()}
    for code, answer in answers.items():
        example = answer["content"]["application/problem+json"]["example"]
        assert (example["type"], example["detail"]) == (f"urn:baken:problem:{code}", answer["description"])


JSON_TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "number": int | float, "boolean": bool,
    "null": type(None),
}  # fmt: skip


def misfits(value: Any, schema: Any, document: Any, where: str = "") -> list[str]:
    """Where a value is not what a schema says, as far as types, members and choices go."""
    if "$ref" in schema:
        return misfits(value, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document, where)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            found = [misfits(value, part, document, where) for part in schema[several]]
            return [] if [] in found else found[0]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{where}: {value!r}"]
    if "type" in schema and not isinstance(value, JSON_TYPES[schema["type"]]):
        return [f"{where}: {value!r} is no {schema['type']}"]
    if isinstance(value, dict):
        missing = [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        for name, part in value.items():
            missing += misfits(
                part, known.get(name, others if isinstance(others, dict) else {}), document, f"{where}.{name}"
            )
        return missing
    items = schema.get("items", {}) if isinstance(value, list) else {}
    return [one for part in value for one in misfits(part, items, document, f"{where}[]")] if items else []


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    answers = [answer for status, answer in operation["responses"].items() if int(status) < 300]
    for place in (operation.get("requestBody", {}), *answers):
        yield from (one for kind, one in place.get("content", {}).items() if kind == "application/json")


def test_examples_are_what_the_operations_take_and_answer(document: dict[str, Any]) -> None:
    shown = [
        (f"{method} {path}", content)
        for path, method, operation in operations(document)
        for content in contents(operation)
    ]
    assert len(shown) > 100
    assert [(where, found) for where, one in shown if (found := misfits(one["example"], one["schema"], document))] == []


def test_every_operation_shows_what_it_takes_and_answers(document: dict[str, Any]) -> None:
    silent = {
        operation["operationId"]
        for _, method, operation in operations(document)
        if not any("example" in one for one in contents(operation))
    }
    assert silent == {
        "attachments-fetch", "attachments-fetch-remark", "audits-download", "audits-remove-finding",
        "customers-unsubscribe", "maintenance-cancel", "monitors-stop", "privacy-export-customer",
        "privacy-export-person",
    }  # fmt: skip


def test_pages_hold_every_operation_and_nothing_the_policy_forbids(document: dict[str, Any], client: Client) -> None:
    index = client.get(f"{BASE}/docs")
    links = sorted(set(re.findall(rf'href="({BASE}/docs/[\w-]+)"', index.content.decode())))
    pages = [answer.content.decode() for answer in (index, *map(client.get, links))]
    assert len(pages) > 10
    for path, method, operation in operations(document):
        heading = f'<h2 id="{operation["operationId"]}">{escape(operation["summary"])}</h2>'
        assert sum(heading in page for page in pages) == 1, operation["operationId"]
        assert f"<b>{method}</b> {path}" in pages[0]
    for page in pages:
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)
        assert len(page) < 100_000
    assert "script-src 'self'" in index.headers["Content-Security-Policy"]
    assert client.get(f"{BASE}/").headers["Location"] == f"{BASE}/docs"
    assert client.get(f"{BASE}/docs/nothing").status_code == 404


def test_the_written_reference_lists_every_operation(document: dict[str, Any]) -> None:
    listed = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| ([^|]*) \| ([^|]*) \|$", PAGE.read_text(), re.MULTILINE)
    expected = [
        (
            method,
            path.removeprefix(BASE),
            operation["summary"],
            ", ".join(f"`{one}`" for one in operation["x-permissions"]) or "–",
        )
        for path, method, operation in operations(document)
    ]
    assert listed == expected


def test_the_written_reference_lists_every_error_and_permission() -> None:
    written = PAGE.read_text()
    for status, (code, _) in TYPES.items():
        assert f"| {status} | `urn:baken:problem:{code}` |" in written
    for permission in Permission:
        assert f"`{permission.value}`" in written


def test_examples_of_the_written_reference_are_json() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert [json.loads(block) for block in blocks]
