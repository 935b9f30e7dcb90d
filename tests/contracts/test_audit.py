"""Known weaknesses of parts: `make audit` leaves no lock file out, and takes no silence for good news."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import audit

ROOT = Path(__file__).resolve().parents[2]
WEAK = {
    "name": "django", "version": "5.2.1",
    "vulns": [{"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["5.2.2"], "description": "…"}],
}  # fmt: skip
GOOD = {"name": "click", "version": "8.1", "vulns": []}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found and could not be audited: ours (1.0)"}


def test_every_part_is_locked_and_compared() -> None:
    """What `make lock` writes is what `make audit` reads."""
    made = {path.with_suffix(".txt").name for path in (ROOT / "requirements").glob("*.in")}
    assert {lock.name for lock in audit.locks()} == made
    recipe = re.search(r"^lock:.*?\n\n", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert recipe and all(re.search(rf"\b{name.removesuffix('.txt')}\b", recipe[0]) for name in made)
    assert "tools/audit.py $(AUDIT_FLAGS)" in (ROOT / "Makefile").read_text()


def run(folder: Path, said: str) -> "subprocess.CompletedProcess[str]":
    """`tools/audit.py` beside a program that says this of every lock file."""
    (folder / "python").symlink_to(sys.executable)
    (folder / "pip-audit").write_text(f"#!/bin/sh\n{said}\n")
    (folder / "pip-audit").chmod(0o755)
    return subprocess.run([folder / "python", ROOT / "tools/audit.py"], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("parts", "code", "out", "problem"),
    [
        ([GOOD], 0, "No weakness is known of anything in ", ""),
        ([GOOD, WEAK], 1, "django 5.2.1: PYSEC-2026-1, CVE-2026-1; mended in 5.2.2 (audit.txt, bench.txt, ", ""),
        ([GOOD, UNKNOWN], 2, "", "The advisories know nothing of ours. Run it where they can be reached"),
        ([WEAK, UNKNOWN], 1, "django 5.2.1", "know nothing of ours"),
        (None, 2, "", "nothing was compared. Run it where they can be reached"),
    ],
)
def test_what_is_known_and_what_nobody_could_say_ends_in_failure(
    tmp_path: Path, parts: list[object] | None, code: int, out: str, problem: str
) -> None:
    report = f"cat <<'END'\n{json.dumps({'dependencies': parts})}\nEND"
    done = run(tmp_path, report if parts else "echo 'no network' >&2; exit 1")
    assert done.returncode == code
    assert out in done.stdout and problem in done.stderr
    assert bool(done.stdout) == bool(out) and bool(done.stderr) == bool(problem)
    assert parts or "no network" in done.stderr
