"""Bring the catalogues of translations up to date with the sources: `make messages`.

    .venv/bin/python tools/messages.py

Messages are collected from the templates and the Python of `baken/show`. What was translated stays, what is new is
added without a translation, what is gone is dropped. Needs Babel and, for the templates, Django; no gettext programs.
"""

import ast
import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SHOW = ROOT / "baken/show"
LOCALE = SHOW / "locale"
COMMENT = "Translators:"

_ONE, _TWO = None, (1, 2)
_CONTEXT_ONE, _CONTEXT_TWO = ((1, "c"), 2), ((1, "c"), 2, 3)
FUNCTIONS: dict[str, Any] = {
    "gettext": _ONE, "gettext_lazy": _ONE, "gettext_noop": _ONE, "_": _ONE,
    "ngettext": _TWO, "ngettext_lazy": _TWO,
    "pgettext": _CONTEXT_ONE, "pgettext_lazy": _CONTEXT_ONE,
    "npgettext": _CONTEXT_TWO, "npgettext_lazy": _CONTEXT_TWO,
}  # fmt: skip
"""Django's functions, and which of their arguments are a message, its plural and its context."""


def main() -> int:
    found = collected()
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
        catalogue = read(path)
        catalogue.update(found, no_fuzzy_matching=True, update_creation_date=False)
        with path.open("wb") as file:
            write_po(file, catalogue, width=110, include_lineno=False, sort_by_file=True, ignore_obsolete=True)
        empty = sum(1 for message in catalogue if message.id and not all(texts(message.string)))
        print(f"{path.relative_to(ROOT)}: {len(catalogue)} messages, {empty} without a translation")
    return 0


def read(path: Path) -> Catalog:
    """A catalogue as it lies there."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def texts(message: str | Iterable[str] | None) -> tuple[str, ...]:
    """The forms of a message or a translation: one, or one for each plural; an empty one when there is none."""
    return (message or "",) if isinstance(message, str | None) else tuple(message)


def collected(folder: Path = SHOW) -> Catalog:
    """Every translatable message of the sources below a folder, with the files that it is in."""
    catalogue = Catalog(fuzzy=False)
    for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.py")]):
        where = path.relative_to(ROOT).as_posix()
        for message in messages_of(path):
            message.locations = [(where, 1)]
            catalogue[message.id] = message
    return catalogue


def messages_of(path: Path) -> Iterator[Message]:
    """The translatable messages of one file."""
    source, keywords = path.read_text(encoding="utf-8"), dict(FUNCTIONS)
    if path.suffix == ".html":
        source = f"({templatize(source)}\n)"  # between brackets Python takes no notice of indentation
    else:
        keywords |= aliases(source)
    for line, message, comments, context in extract(
        "python", io.BytesIO(source.encode()), keywords, comment_tags=[COMMENT]
    ):
        yield Message(message, lineno=line, auto_comments=comments, context=context)


def aliases(source: str) -> dict[str, Any]:
    """Names under which a module imports Django's functions, with what their arguments mean."""
    return {
        name.asname or name.name: FUNCTIONS[name.name]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.name in FUNCTIONS
    }


if __name__ == "__main__":
    sys.exit(main())
