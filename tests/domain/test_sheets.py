"""Tables for spreadsheet programs: what is in a cell stays in it, and is carried out by nobody."""

import csv
import io

import pytest

from baken.domain.sheets import csv_text

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")']


@pytest.mark.parametrize("text", FORMULAS)
def test_what_looks_like_a_formula_is_text(text: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(csv_text([[text]]), newline=""))
    assert cell == "'" + text


def test_everything_else_is_as_it_was() -> None:
    row = ["plain", 'with "quotes", commas\nand lines', "a=b", "2026-01-01", "", "é"]
    assert next(csv.reader(io.StringIO(csv_text([row]), newline=""))) == row
    assert csv_text([[1, -2, None, 1.5]]) == "1,-2,,1.5\r\n"
