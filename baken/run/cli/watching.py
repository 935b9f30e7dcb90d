"""What commands open of customers is written down as well: by the account of the machine that ran them."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps

from baken.record.orgs import opened

UNSEEN = frozenset({"up", "demo", "import", "probe", "keys", "replay", "doctor", "manage"})
"""They open text, some of them all there is, and show none of it."""


@contextmanager
def watched(command: str | None) -> Iterator[None]:
    """At the end of a command that shows something, also of one that failed, write down what it opened."""
    if command is None or command in UNSEEN:
        yield
        return
    notes = opened.Notes()
    try:
        with opened.noting(notes):
            yield
    finally:
        if apps.ready:
            _write(notes, command)


def _write(notes: opened.Notes, command: str) -> None:
    from baken.record.looks import flows
    from baken.record.people.access import program

    flows.write(program(f"command:{account()}"), notes, door="command", page=command)


def account() -> str:
    """The account that runs this process; its number when it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
