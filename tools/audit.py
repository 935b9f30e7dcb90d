"""Compare every part that is locked with the weaknesses that are known of it: `make audit`.

    .venv-audit/bin/python tools/audit.py [options of pip-audit]

Ends with 1 when a weakness is known, and with 2 when a part could not be compared: the advisories were not reached, or
know nothing of it. pip-audit by itself takes that for none. Standard library only; pip-audit lies beside this Python.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
ASK = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json")
"""Nothing is installed or resolved: the lock files name everything."""
CLEAN, WEAK, NOT_COMPARED = 0, 1, 2
SHOWN = 10
"""Names of parts in one sentence."""
REMEDY = "Run it where they can be reached, or name another service with PIP_AUDIT_VULNERABILITY_SERVICE=osv."


class NotCompared(Exception):
    """pip-audit gave no report; the message is the last it said."""


def main(options: Sequence[str]) -> int:
    try:
        reports = {lock.name: report(lock, options) for lock in locks()}
    except NotCompared as error:
        print(f"The advisories could not be asked, so nothing was compared. {REMEDY}\n  {error}", file=sys.stderr)
        return NOT_COMPARED
    weak, unknown = found(reports), not_compared(reports)
    for line in weak:
        print(line)
    if unknown:
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        print(f"The advisories know nothing of {', '.join(unknown[:SHOWN])}{more}. {REMEDY}", file=sys.stderr)
    if not weak and not unknown:
        print(f"No weakness is known of anything in {len(reports)} lock files: {count(reports)} versions of parts.")
    return WEAK if weak else NOT_COMPARED if unknown else CLEAN


def locks() -> list[Path]:
    """Every lock file there is."""
    return sorted(REQUIREMENTS.glob("*.txt"))


def report(lock: Path, options: Sequence[str]) -> list[dict[str, Any]]:
    """What is known of each part of a lock file. Raises NotCompared."""
    command: list[str | Path] = [Path(sys.executable).with_name("pip-audit"), *ASK, "--requirement", lock, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError) as error:
        raise NotCompared((done.stderr.strip().splitlines() or ["nothing"])[-1]) from error


def found(reports: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[str]:
    """A line for each weakness of each part: where it is locked, what it is called, and what is without it."""
    where: dict[str, list[str]] = {}
    for lock, parts in reports.items():
        for part in parts:
            for one in part.get("vulns", ()):
                names = ", ".join([one["id"], *one.get("aliases", ())])
                mended = f"mended in {', '.join(one['fix_versions'])}" if one.get("fix_versions") else "not mended yet"
                where.setdefault(f"{part['name']} {part['version']}: {names}; {mended}", []).append(lock)
    return [f"{line} ({', '.join(held)})" for line, held in sorted(where.items())]


def not_compared(reports: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[str]:
    """Names of the parts of which the advisories know nothing, not even that they are there."""
    return sorted({part["name"] for parts in reports.values() for part in parts if "skip_reason" in part})


def count(reports: Mapping[str, Iterable[Mapping[str, Any]]]) -> int:
    """Different parts, by name and version."""
    return len({(part["name"], part["version"]) for parts in reports.values() for part in parts})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
