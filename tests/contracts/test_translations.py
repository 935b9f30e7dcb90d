"""The Dutch catalogue says everything that the sources say, and the sources say nothing that it cannot."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from django.template.base import Lexer, TokenType
from django.utils.translation import gettext, override

from tools.messages import FUNCTIONS, LOCALE, SHOW, aliases, collected, read, texts

DUTCH = LOCALE / "nl/LC_MESSAGES/django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[sd]")
TEMPLATES = sorted(SHOW.glob("web/templates/**/*.html"))
WORD = re.compile(r"[A-Za-z]{2,}")
LITERAL = {"code", "kbd", "pre"}
SPOKEN = {"alt", "aria-description", "aria-label", "placeholder", "title"}
"""Attributes that a person reads or hears."""
NAMES = {"Baken", "PostgreSQL", "SHA"}


def key(message: Message) -> tuple[str | None, tuple[str, ...]]:
    return message.context, texts(message.id)


def test_every_message_is_translated_and_no_other() -> None:
    found = {key(message) for message in collected() if message.id}
    held = {key(message): message for message in read(DUTCH) if message.id}
    assert not found - set(held), "new messages; run `make messages` and translate them"
    assert not set(held) - found, "messages that are gone; run `make messages`"
    wrong = [shown for shown, message in held.items() if message.fuzzy or not all(texts(message.string))]
    assert not wrong, "empty or uncertain translations"


def test_placeholders_and_plurals_are_those_of_the_message() -> None:
    wrong = [texts(message.id) for message in read(DUTCH) if message.id and not _fits(message)]
    assert not wrong


def _fits(message: Message) -> bool:
    """Whether each form has the placeholders of the form that it translates."""
    ids, strings = texts(message.id), texts(message.string)
    if len(ids) != len(strings):
        return False
    return all(
        sorted(PLACEHOLDER.findall(id)) == sorted(PLACEHOLDER.findall(said)) and _edges(id) == _edges(said)
        for id, said in zip(ids, strings, strict=True)
    )


def _edges(text: str) -> tuple[bool, bool]:
    """Whether it begins and ends with white space, which is part of how it is put on the page."""
    return text[:1].isspace(), text[-1:].isspace()


def test_the_check_bites() -> None:
    assert _fits(Message("of %(count)s", "van %(count)s"))
    assert not _fits(Message("of %(count)s", "van %(aantal)s"))
    assert not _fits(Message(("%(count)s day", "%(count)s days"), "%(count)s dagen"))
    assert not _fits(Message(" · since", "· sinds"))
    assert not _fits(Message("100%%", "100%"))


def test_no_message_is_put_together_where_it_is_translated() -> None:
    """What is not a literal there cannot be collected, so nobody would translate it."""
    wrong = [
        f"{path.relative_to(SHOW)}:{line}"
        for path in sorted(SHOW.rglob("*.py"))
        for line in _computed(path.read_text())
        if path.relative_to(SHOW).as_posix() != "web/errors.py"
    ]
    assert not wrong


def _computed(source: str) -> Iterator[int]:
    names = set(aliases(source)) | set(FUNCTIONS)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in names and not all(isinstance(one, ast.Constant) for one in node.args[: 1 + name.startswith("np")]):
            yield node.lineno


class _Words(HTMLParser):
    """Words in a page's text and in the attributes that a person reads; what is to be typed literally is left alone."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.literal = 0

    def handle_data(self, data: str) -> None:
        if not self.literal:
            self.found += WORD.findall(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.literal += tag in LITERAL
        if tag != "meta":
            self.found += [word for name, said in attrs if name in SPOKEN for word in WORD.findall(said or "")]

    def handle_endtag(self, tag: str) -> None:
        self.literal -= tag in LITERAL


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(SHOW / "web/templates").as_posix())
def test_a_template_says_nothing_outside_its_messages(path: Path) -> None:
    assert not set(_said(path.read_text())) - NAMES


def _said(source: str) -> list[str]:
    """The words of a template that are not inside a message."""
    inside, left = False, []
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK:
            tag = token.contents.split()[0]
            inside = (inside or tag.startswith("blocktrans")) and not tag.startswith("endblocktrans")
        elif token.token_type == TokenType.TEXT and not inside:
            left.append(token.contents)
        elif token.token_type == TokenType.VAR:
            left.append("0")
    words = _Words()
    words.feed("".join(left))
    return words.found


def test_the_catalogue_is_compiled_for_the_tests() -> None:
    with override("nl"):
        assert gettext("Report an incident") == "Incident melden"
