"""The page about OWASP ASVS says something about every requirement, and what it names is there."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/asvs.md"
VERDICTS = ("met", "does not apply", "not met yet")
REQUIREMENTS = {
    "1.1": ((), (1, 2)), "1.2": ((1, 2, 3, 4, 5), (6, 7, 8, 9)), "1.3": ((1, 2), (3, 4, 5, 6, 7, 8, 9, 10, 11)),
    "1.4": ((), (1, 2, 3)), "1.5": ((1,), (2,)), "2.1": ((1,), (2, 3)), "2.2": ((1, 2), (3,)), "2.3": ((1,), (2, 3, 4)),
    "2.4": ((), (1,)), "3.2": ((1, 2), ()), "3.3": ((1,), (2, 3, 4)), "3.4": ((1, 2), (3, 4, 5, 6)),
    "3.5": ((1, 2, 3), (4, 5)), "3.7": ((), (1, 2)), "4.1": ((1,), (2, 3)), "4.2": ((), (1,)), "4.3": ((), (1, 2)),
    "4.4": ((1,), (2, 3, 4)), "5.1": ((), (1,)), "5.2": ((1, 2), (3,)), "5.3": ((1, 2), ()), "5.4": ((), (1, 2, 3)),
    "6.1": ((1,), (2, 3)), "6.2": ((1, 2, 3, 4, 5, 6, 7, 8), (9, 10, 11, 12)), "6.3": ((1, 2), (3, 4)),
    "6.4": ((1, 2), (3, 4)), "6.5": ((), (1, 2, 3, 4, 5)), "6.6": ((), (1, 2, 3)), "6.8": ((), (1, 2, 3, 4)),
    "7.1": ((), (1, 2, 3)), "7.2": ((1, 2, 3, 4), ()), "7.3": ((), (1, 2)), "7.4": ((1, 2), (3, 4, 5)),
    "7.5": ((), (1, 2)), "7.6": ((), (1, 2)), "8.1": ((1,), (2,)), "8.2": ((1, 2), (3,)), "8.3": ((1,), ()),
    "8.4": ((), (1,)), "9.1": ((1, 2, 3), ()), "9.2": ((1,), (2, 3, 4)), "10.1": ((), (1, 2)), "10.2": ((), (1, 2)),
    "10.3": ((), (1, 2, 3, 4)), "10.4": ((1, 2, 3, 4, 5), (6, 7, 8, 9, 10, 11)), "10.5": ((), (1, 2, 3, 4, 5)),
    "10.6": ((), (1, 2)), "10.7": ((), (1, 2, 3)), "11.1": ((), (1, 2)), "11.2": ((), (1, 2, 3)),
    "11.3": ((1, 2), (3,)), "11.4": ((1,), (2, 3, 4)), "11.5": ((), (1,)), "11.6": ((), (1,)), "12.1": ((1,), (2, 3)),
    "12.2": ((1, 2), ()), "12.3": ((), (1, 2, 3, 4)), "13.1": ((), (1,)), "13.2": ((), (1, 2, 3, 4, 5)),
    "13.3": ((), (1, 2)), "13.4": ((1,), (2, 3, 4, 5)), "14.1": ((), (1, 2)), "14.2": ((1,), (2, 3, 4)),
    "14.3": ((1,), (2, 3)), "15.1": ((1,), (2, 3)), "15.2": ((1,), (2, 3)), "15.3": ((1,), (2, 3, 4, 5, 6, 7)),
    "16.1": ((), (1,)), "16.2": ((), (1, 2, 3, 4, 5)), "16.3": ((), (1, 2, 3, 4)), "16.4": ((), (1, 2, 3)),
    "16.5": ((), (1, 2, 3)), "17.1": ((), (1,)), "17.2": ((), (1, 2, 3, 4)), "17.3": ((), (1, 2)),
}  # fmt: skip
"""Section -> the numbers of level 1 and those of level 2, of version 5.0.0."""


class Row(NamedTuple):
    """One requirement as the page has it."""

    number: str
    level: str
    asks: str
    verdict: str
    why: str


def rows() -> list[Row]:
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| \d+\.\d+\.\d+ ", line)]
    return [Row(*(part.strip() for part in line.strip("|").split("|"))) for line in lines]


@cache
def named_in(path: str) -> frozenset[str]:
    file = ROOT / path
    tree = ast.parse(file.read_text()) if file.exists() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@cache
def sections_of(page: Path) -> frozenset[str]:
    """The sections of a page as addresses name them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads)


def test_every_requirement_of_both_levels_is_there_once_and_in_order() -> None:
    wanted = [
        (f"{section}.{number}", str(level))
        for section, levels in REQUIREMENTS.items()
        for number, level in sorted((number, at + 1) for at, numbers in enumerate(levels) for number in numbers)
    ]
    assert [(row.number, row.level) for row in rows()] == wanted
    assert (len(wanted), sum(level == "1" for _, level in wanted)) == (253, 70)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.number)
def test_every_row_says_what_holds_it(row: Row) -> None:
    assert row.asks and row.why and row.verdict in VERDICTS
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row.why)
    assert row.verdict != "met" or named, "what is met is shown by a test"
    assert row.verdict == "met" or not row.why.startswith("`tests/"), "a reason is words"
    for path, name in named:
        assert name.startswith("test_") and name in named_in(path), f"{path}::{name}"


def test_what_has_to_be_written_down_is() -> None:
    """Every section that a row points at is there, and says something."""
    pointed = {target for row in rows() for target in re.findall(r"\]\(([^)]+)\)", row.why)}
    assert len(pointed) > 10
    for target in pointed:
        name, _, section = target.partition("#")
        page = (PAGE.parent / name).resolve()
        assert page.exists(), target
        assert not section or section in sections_of(page), target
        assert len(page.read_text()) > 1_000, target


def test_the_table_of_numbers_adds_up() -> None:
    for verdict in VERDICTS:
        counts = [sum(row.verdict == verdict and row.level == level for row in rows()) for level in ("1", "2")]
        assert f"| {verdict} | {counts[0]} | {counts[1]} | {sum(counts)} |" in PAGE.read_text()
