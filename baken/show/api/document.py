"""The OpenAPI document: what ninja knows of the operations, with their permissions, errors and examples."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from baken.show.api.problems import MEDIA_TYPE, TYPES

DESCRIPTION = """\
Everything that the pages of Baken do, for programs. Send a token that an administrator made as
`Authorization: Bearer baken_…`; its scopes are the permissions named with each operation.

Instants are ISO 8601: given with their offset, told in UTC. Durations are seconds. Errors are problem details
(RFC 9457) with a `type` to branch on and, where one value is at fault, its `field` and the `remedy`.
"""

PROBLEM = {
    "type": "object",
    "description": "Problem details as in RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "enum": [f"urn:baken:problem:{code}" for code, _ in TYPES.values()]},
        "title": {"type": "string", "examples": ["Unprocessable Entity"]},
        "status": {"type": "integer", "examples": [422]},
        "detail": {"type": "string", "examples": ["subject: say in one line what is wrong"]},
        "field": {"type": "string", "examples": ["subject"]},
        "remedy": {"type": "string", "examples": ["say in one line what is wrong"]},
        "errors": {"type": "array", "items": {"type": "object"}},
        "expected": {"type": "integer", "description": "For probers: the number to send results from."},
    },
}


class Document(OpenAPISchema):
    """ninja's document, completed. Raises ValueError when two schemas have the same name."""

    def __init__(self, api: NinjaAPI, path_prefix: str) -> None:
        super().__init__(api, path_prefix)
        components = self["components"]
        components["schemas"]["Problem"] = PROBLEM
        components["responses"] = {code: _error(status) for status, (code, _) in TYPES.items()}
        for path, _method, operation in operations(self):
            _complete(path, operation, components["schemas"])

    def add_schema_definitions(self, definitions: dict[str, Any]) -> None:
        """Keep the schemas that an operation uses."""
        for name, schema in definitions.items():
            if self.schemas.setdefault(name, schema) != schema:
                raise ValueError(f"two different schemas are called {name}")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def _complete(path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Add the permissions that an operation needs, each error it can answer, and examples."""
    permissions = operation.setdefault("x-permissions", [])
    for status in sorted(_statuses(path, operation)):
        operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{TYPES[status][0]}"})
    operation["description"] = f"{operation['description']}\n\n{_needed(permissions, operation)}"
    operation["security"] = [dict.fromkeys(way, permissions) for way in operation.get("security", [])]
    for content in _contents(operation):
        content["example"] = example(content["schema"], schemas)


def _statuses(path: str, operation: dict[str, Any]) -> set[int]:
    """Errors that follow from the form of an operation, and those it declares."""
    statuses = {429, 500, 503, *operation.pop("x-answers", [])}
    if operation.get("security"):
        statuses.add(401)
    if operation["x-permissions"]:
        statuses.add(403)
    if "{" in path:
        statuses.add(404)
    if any(parameter["in"] == "query" for parameter in operation["parameters"]):
        statuses.add(422)
    if "requestBody" in operation:
        statuses |= {400, 413, 422}
    return statuses


def _error(status: int) -> dict[str, Any]:
    code, meaning = TYPES[status]
    seen = {
        "type": f"urn:baken:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": meaning,
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": meaning, "content": {MEDIA_TYPE: {"schema": schema, "example": seen}}}


def _needed(permissions: list[str], operation: dict[str, Any]) -> str:
    if permissions:
        listed = " and ".join(f"`{permission}`" for permission in permissions)
        return f"Needs {listed}."
    return "Needs a valid token." if operation.get("security") else "Needs no token."


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The bodies, given and told, that have no example yet."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for content in body.get("content", {}).values():
            if "schema" in content and "example" not in content:
                yield content


def example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """A value that fits a schema, made of the examples of its parts."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    for name in ("allOf", "anyOf", "oneOf"):
        if name in schema:
            return example(schema[name][0], schemas)
    return _plain(schema, schemas)


def _plain(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return {name: example(part, schemas) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        parts = schema.get("prefixItems") or [schema["items"]]
        return [example(part, schemas) for part in parts]
    if kind == "string" and schema.get("format") == "uuid":
        return "018f3b5e-7c1a-7cc2-9f3e-2b7d5a1c9e40"
    return {"string": "…", "integer": schema.get("minimum", 1), "number": 1.0, "boolean": False}.get(str(kind))
