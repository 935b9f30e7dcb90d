"""Tables that people open with a spreadsheet program, as CSV (RFC 4180)."""

import csv
import io
from collections.abc import Iterable

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet program may take for a formula and carry out."""


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV. A text that could be taken for a formula gets an apostrophe before it; a number stays one."""
    written = io.StringIO()
    csv.writer(written).writerows([_cell(value) for value in row] for row in rows)
    return written.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    if isinstance(value, int | float) or not text.lstrip(" ").startswith(FORMULAS):
        return text
    return "'" + text
