"""The reference as pages, made from the OpenAPI document: plain HTML, no script, one page per group of operations."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from baken.show.api.application import api
from baken.show.api.document import operations

Schemas = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of a body."""

    name: str
    kind: str
    required: bool
    about: SafeString


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as a reader wants it."""

    id: str
    method: str
    path: str
    summary: str
    about: list[SafeString]
    parameters: list[Field]
    body: list[Field]
    request: str
    answers: list[tuple[str, SafeString]]
    response: str


@dataclass(frozen=True, slots=True)
class Record:
    """What operations answer, member by member."""

    name: str
    about: SafeString
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class Group:
    """Operations of one kind, and the records they answer."""

    name: str
    slug: str
    operations: list[Operation]
    records: list[Record]


def index(request: HttpRequest) -> HttpResponse:
    """Every operation, by group."""
    document = api.get_openapi_schema()
    about = [marked(part) for part in document["info"]["description"].split("\n\n")]
    return render(request, "api/index.html", {"groups": groups(), "about": about})


def group(request: HttpRequest, slug: str) -> HttpResponse:
    """One group in full."""
    everything = groups()
    found = next((one for one in everything if one.slug == slug), None)
    if found is None:
        raise Http404
    return render(request, "api/group.html", {"groups": everything, "group": found})


def groups() -> list[Group]:
    """All groups, in the order of the document."""
    document = api.get_openapi_schema()
    by_tag: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, method, operation in operations(document):
        by_tag.setdefault(operation["tags"][0], []).append((path, method, operation))
    return [_group(name, found, document["components"]) for name, found in by_tag.items()]


def marked(text: str) -> SafeString:
    """Escaped text, with what stands between backticks as code."""
    one_line = " ".join(text.split())
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(one_line)))  # noqa: S308 (escaped just before)


def _group(name: str, found: list[tuple[str, str, dict[str, Any]]], components: Mapping[str, Any]) -> Group:
    schemas = components["schemas"]
    answered = dict.fromkeys(ref for _, _, operation in found for ref in _answered(operation, schemas))
    return Group(
        name=name,
        slug=slugify(name),
        operations=[_operation(path, method, operation, components) for path, method, operation in found],
        records=[Record(ref, marked(schemas[ref].get("description", "")), _members(schemas[ref])) for ref in answered],
    )


def _operation(path: str, method: str, operation: dict[str, Any], components: Mapping[str, Any]) -> Operation:
    content = next(iter(operation.get("requestBody", {}).get("content", {}).items()), None)
    return Operation(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        about=[marked(part) for part in operation["description"].split("\n\n")],
        parameters=[_parameter(parameter) for parameter in operation["parameters"]],
        body=_members(_resolved(content[1]["schema"], components["schemas"])) if content else [],
        request=_request(content),
        answers=[(str(status), _meaning(answer, components)) for status, answer in operation["responses"].items()],
        response=next((_json(part["example"]) for part in _successes(operation) if "example" in part), ""),
    )


def _request(content: tuple[str, dict[str, Any]] | None) -> str:
    if content is None:
        return ""
    return _json(content[1]["example"]) if content[0] == "application/json" else content[0]


def _parameter(parameter: dict[str, Any]) -> Field:
    where = "" if parameter["in"] == "query" else f" ({parameter['in']})"
    about = marked(parameter.get("description") or parameter["schema"].get("description", ""))
    return Field(parameter["name"], _kind(parameter["schema"]) + where, bool(parameter.get("required")), about)


def _members(schema: Mapping[str, Any]) -> list[Field]:
    required = schema.get("required", [])
    return [
        Field(name, _kind(part), name in required, marked(part.get("description", "")))
        for name, part in schema.get("properties", {}).items()
    ]


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_kind(part) for part in schema[several]))
    if "enum" in schema or "const" in schema:
        return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _answered(operation: dict[str, Any], schemas: Schemas) -> Iterator[str]:
    """The names of the schemas that an operation answers, and of those in them."""
    for content in _successes(operation):
        yield from _named(content.get("schema", {}), schemas, set())


def _named(schema: Any, schemas: Schemas, seen: set[str]) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _named(part, schemas, seen)
    elif isinstance(schema, dict):
        name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
        if name and name not in seen:
            seen.add(name)
            if "properties" in schemas[name] and not name.startswith("Page_"):
                yield name
            yield from _named(schemas[name], schemas, seen)
        for key, part in schema.items():
            if key not in ("$ref", "examples", "example", "default"):
                yield from _named(part, schemas, seen)


def _successes(operation: dict[str, Any]) -> list[dict[str, Any]]:
    answers = operation["responses"].items()
    return [part for status, answer in answers if int(status) < 300 for part in answer.get("content", {}).values()]


def _resolved(schema: Mapping[str, Any], schemas: Schemas) -> Mapping[str, Any]:
    return schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def _meaning(answer: dict[str, Any], components: Mapping[str, Any]) -> SafeString:
    known = components["responses"][answer["$ref"].rsplit("/", 1)[1]] if "$ref" in answer else answer
    return marked(known["description"])


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
