"""Reading bodies and queries: nothing gets past here that the database cannot store."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.errors import ValidationError
from ninja.parser import Parser

DEEPEST = 32
"""Lists and objects that may lie in each other. No form goes past ten, and what tools tell not much further."""
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""NUL, and the halves of a surrogate pair."""


class StrictParser(Parser):
    """JSON as RFC 8259 has it, not too deep; text without NUL and without halves of a surrogate pair."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body as JSON. Raises ValueError when it is none, ValidationError for what cannot be stored.

        Where outsiders have a say in it (`of_outsiders`), what cannot be stored is replaced instead.
        """
        try:
            if getattr(request, "of_outsiders", False):
                told = request.body.decode("utf-8-sig", "replace")
                return _mended(json.loads(told, strict=False, parse_constant=_refuse))  # type: ignore[no-any-return]
            body = json.loads(request.body, parse_constant=_refuse)
        except RecursionError as error:
            raise _too_deep() from error
        _check(("body", "data"), body)
        return body  # type: ignore[no-any-return]  # whatever it is, the operation's schema judges it

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """The query, form or files. Raises ValidationError for text that cannot be stored."""
        given = {name: values if len(values) > 1 else values[0] for name, values in data.lists()}
        _check(("query", "data"), given)
        return super().parse_querydict(data, list_fields, request)


def read_within(request: HttpRequest, most: int) -> bool:
    """Read a body, and keep it where Django itself does. False when it has more bytes than `most`."""
    if not hasattr(request, "_body"):
        request._body = request.read(most + 1)
    return len(request._body) <= most


def _mended(value: Any, depth: int = 0) -> Any:
    """The same, with the numbers of characters that cannot be stored, and an ellipsis for what lies too deep."""
    if isinstance(value, str):
        return UNSTORABLE.sub(lambda found: f"<U+{ord(found[0]):04X}>", value)
    if depth >= DEEPEST and isinstance(value, dict | list):
        return "…"
    if isinstance(value, list):
        return [_mended(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(item, depth + 1) for name, item in value.items()}
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _check(where: tuple[str, ...], value: Any) -> None:
    for path, text in _texts((), value):
        if UNSTORABLE.search(text):
            message = "remove the NUL characters and half surrogate pairs: text cannot hold them"
            raise ValidationError([{"loc": (*where, *path), "msg": message}])


def _too_deep() -> ValidationError:
    return ValidationError([{"loc": ("body",), "msg": f"send at most {DEEPEST} lists and objects inside each other"}])


def _texts(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a value, with where it is; names of members and of files too.

    Raises ValidationError for what is too deep for those that read it after this, by recursion.
    """
    left = [(path, value)]
    while left:
        path, value = left.pop()
        if len(path) >= DEEPEST and isinstance(value, dict | list):
            raise _too_deep()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, UploadedFile):
            yield path, value.name or ""
        elif isinstance(value, dict):
            yield from ((path, name) for name in value)
            left += reversed([((*path, name), item) for name, item in value.items()])
        elif isinstance(value, list):
            left += reversed([((*path, str(index)), item) for index, item in enumerate(value)])
