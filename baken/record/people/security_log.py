"""What happened at the doors, a line each in the log of the process: who got in, who did not, what was refused.

Lines hold codes alone: ids of people, digests of addresses that were tried, network addresses, names of pages. Never
what somebody typed, so a password that was typed into the wrong field is in no log.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

log = logging.getLogger("baken.security")
_CODE = re.compile(r"[^\w.:@/+-]", re.ASCII)


def note(event: str, **codes: str | int | bool | UUID | None) -> None:
    """Write a line: the event, and what is known of it. Whatever is no code is left out of a value, line ends too."""
    told = " ".join(f"{name}={_CODE.sub('', str(code))[:80] or '-'}" for name, code in codes.items())
    log.info("%s %s", event, told)


@contextmanager
def as_one(event: str) -> Iterator[None]:
    """One line, with their number, for all that is noted meanwhile in this process: for what is one thing to people."""
    held: list[logging.LogRecord] = []

    def hold(record: logging.LogRecord) -> bool:
        held.append(record)
        return False

    log.addFilter(hold)
    try:
        yield
    finally:
        log.removeFilter(hold)
        note(event, events=len(held))
