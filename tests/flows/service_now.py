"""Logs in ServiceNow's format, made by hand, and the real one."""

import csv
import gzip
from pathlib import Path

import pytest

REAL = Path(__file__).parents[3] / "shared/data/servicenow-incident-log-2016.csv.gz"
BASE = {
    "number": "1", "incident_state": "New", "opened_at": "1/3/2016 09:00", "sys_updated_at": "1/3/2016 09:05",
    "sys_updated_by": "7", "impact": "2", "urgency": "2", "priority": "3", "assigned_to": "?", "resolved_at": "?",
}  # fmt: skip


def real() -> Path:
    """The log of a real desk; a test that needs it is skipped where it is absent."""
    if not REAL.exists():
        pytest.skip(f"the real log is not at {REAL}")
    return REAL


def beginning(path: Path, incidents: int) -> Path:
    """The first incidents of the real log, written to `path`."""
    with gzip.open(real(), "rt", encoding="utf-8", newline="") as whole, path.open("w", newline="") as part:
        numbers: set[str] = set()
        writer = csv.writer(part)
        for fields in csv.reader(whole):
            numbers.add(fields[0])
            if len(numbers) > incidents + 1:  # the header is one more
                break
            writer.writerow(fields)
    return path


def log(path: Path, *rows: dict[str, str], **same: str) -> Path:
    """A log whose rows are `BASE` but for what is given: `same` in every row, then the row's own."""
    full = [{**BASE, **same, **row} for row in rows]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(full[0]))
        writer.writeheader()
        writer.writerows(full)
    return path
