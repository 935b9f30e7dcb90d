"""The Dutch catalogue says everything that the sources say, and the sources say nothing that it cannot."""

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from html.parser import HTMLParser
from pathlib import Path

import django
import pytest
from babel.messages.catalog import Message
from django.template.base import Lexer, TokenType
from django.utils.translation import gettext, override

from baken.show.web import remedies
from baken.show.web.templatetags.administration import ROUTINES
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


def test_djangos_own_messages_keep_their_meaning() -> None:
    """Ours go before Django's: "May" is a month there, and is not what somebody may do."""
    with (Path(django.__file__).parent / "conf/locale/nl/LC_MESSAGES/django.mo").open("rb") as file:
        theirs = GNUTranslations(file)
    wrong = []
    for message in read(DUTCH):
        if isinstance(message.id, str) and message.id and not message.context:
            said = theirs.gettext(message.id)
            wrong += [(message.id, said)] if said not in {message.id, message.string} else []
    assert not wrong


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
        if path.relative_to(SHOW).as_posix() != "web/remedies.py"
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


NEVER_ON_A_PAGE = {
    "ImportRefused", "LedgerError", "NotACode",  # the command line, and mistakes of ours
    "NotFound", "Forbidden",  # have a page of their own
    "NotReported", "OutOfOrder", "NeverReached", "Gap", "Damaged",  # answers to a program
}  # fmt: skip
PROGRAMS = {
    "record/people/idempotency.py", "record/ledger/clock.py", "record/incidents/imports.py",
    "record/orgs/sealing.py", "record/orgs/keys.py", "record/orgs/fields.py", "record/orgs/aead.py",
    "record/privacy/tombstones.py",
}  # fmt: skip
OTHERS = {
    "this prober's clock is ahead of the hub's; set it right": "said to a prober",
    "an audit has no such field": "a mistake of ours",
    "a source has no such field": "a mistake of ours",
    "this is not a calendar as to_codes writes it: 7": "a mistake of ours",
    "part 7 is not what was put there": "said to whoever renews keys",
    "7 has no part 7; 7": "ends in one of two ways, and both are listed",
    "name at least one monitor": "no page writes such a rule",
    "give a number from 1 to 7, or nothing for all of them": "no page writes such a rule",
    "there is no monitor 7; take it out or add the monitor": "no page writes such a rule",
    "apply it to the service's timeline, not to a monitor's or location's": "a mistake of ours",
}
REMEDY = re.compile(r"^[a-z0-9_]+( [a-z0-9]+)*: ")


def test_whatever_a_flow_refuses_is_said_in_dutch() -> None:
    said = {text for path in sorted((SHOW.parent / "record").rglob("*.py")) for text in _refused(path)}
    said |= {text for path in sorted((SHOW.parent / "domain").rglob("*.py")) for text in _refused(path)}
    assert len(said) > 80
    with override("nl"):
        missing = [text for text in said if not remedies.is_known(text) or remedies.in_words(text) == text]
    assert not set(missing) - set(OTHERS)


def test_remedies_are_listed_once_and_found_with_what_differs() -> None:
    assert len(set(remedies.REMEDIES)) == len(remedies.REMEDIES)
    with override("nl"):
        assert remedies.in_words("'cloud' is taken; choose another") == "'cloud' is bezet; kies een andere"
        assert remedies.in_words("somewhere: choose at least one") == "somewhere: kies er minstens één"
    assert remedies.in_words("something else") == "something else"


def _refused(path: Path) -> Iterator[str]:
    """What a module refuses, after the name of the field, with 7 for each part that differs."""
    if path.relative_to(SHOW.parent).as_posix() in PROGRAMS:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and any("Conflict" in ast.unparse(base) for base in node.bases):
            yield (ast.get_docstring(node) or "").splitlines()[0]
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            kind = ast.unparse(node.exc.func).rpartition(".")[2]
            if kind not in NEVER_ON_A_PAGE and kind != "ValueError":
                yield from _sample(node.exc.args[0])
        elif isinstance(node, ast.Return) and node.value is not None:
            yield from (text for text in _sample(node.value) if REMEDY.match(_literal(node.value) or ""))


def _literal(node: ast.expr) -> str | None:
    """A literal text with 7 for what is put into it; None for what is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left), _literal(node.right)
        return None if left is None else left + (right or "7")
    return None


def _sample(node: ast.expr) -> Iterator[str]:
    """The remedy of a literal; nothing where all of it comes from elsewhere."""
    text = _literal(node)
    if text is not None:
        text = text.partition(": ")[2] if REMEDY.match(text) else text
        if text.strip("7: "):
            yield text


def test_the_catalogue_is_compiled_for_the_tests() -> None:
    with override("nl"):
        assert gettext("Report an incident") == "Incident melden"


def test_every_routine_of_the_worker_has_words() -> None:
    source = (SHOW.parent / "run/worker.py").read_text()
    assert set(re.findall(r'take_turn\("([^"]+)"', source)) == set(ROUTINES)
