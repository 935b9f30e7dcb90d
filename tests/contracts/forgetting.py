"""Queries that forget a filter: what an answer lets out when one of those that it comes by is not there."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.db.models import QuerySet

Site = tuple[str, int]
Way = tuple[Site, ...]
"""Where a filter is called, and how it was come to, step by step."""
WHO_SOMEBODY_IS = {"caller_of", "caller_of_token", "by_email", "get_user", "authenticate", "_holds", "note_use"}
"""Functions that find out who asks: until they have, there is nobody whose rows could be told apart."""


class Forgetting:
    """Filters of the records' queries, of which one at a time is forgotten.

    secrets: texts that are looked for. sites: filters that were come by. everywhere: ways that every answer takes.
    """

    def __init__(self, secrets: set[str]) -> None:
        self.secrets = secrets
        self.sites: set[Site] = set()
        self.everywhere: set[Way] = set()
        self._forgotten: Site | None = None
        self._met: dict[Way, bool] = {}

    @contextmanager
    def in_force(self) -> Iterator[None]:
        kept = QuerySet.filter

        def filter(rows: Any, *conditions: Any, **named: Any) -> Any:
            site = _site(sys._getframe(1))
            if site and site == self._forgotten:
                return rows.all()
            left = kept(rows, *conditions, **named)
            if site and not self._forgotten and not self._met.get(way := (site, *_steps(sys._getframe(1)))):
                self._met[way] = _keeps_something_out(rows, left)
            return left

        QuerySet.filter = filter  # type: ignore[method-assign]
        try:
            yield
        finally:
            QuerySet.filter = kept  # type: ignore[method-assign]

    def leaks(self, what: str, ask: Callable[[], str]) -> list[str]:
        """Which secrets are in an answer, as it is and when one filter is forgotten: each it comes by in turn.

        Where the reader could read nothing more than what a filter leaves, forgetting it makes no difference.
        """
        self._met, self._forgotten = {}, None
        found = [f"{what}: {text!r}" for text in self.within(ask())]
        for site in sorted({way[0] for way, matters in self._met.items() if matters and way not in self.everywhere}):
            self._forgotten = site
            found += [f"{what}: {text!r} without {site}" for text in self.within(ask())]
        self._forgotten = None
        self.sites |= {way[0] for way in self._met}
        return found

    def leaks_everywhere(self, ask: Callable[[], str]) -> list[str]:
        """The same for an answer that has nothing in it but what is in all of them: that is then done with."""
        found = self.leaks("every answer", ask)
        self.everywhere = set(self._met)
        return found

    def within(self, answer: str) -> set[str]:
        """The secrets that are in an answer."""
        return {text for text in self.secrets if text in answer}


def _keeps_something_out(rows: QuerySet[Any], left: QuerySet[Any]) -> bool:
    """Whether more is found without the filter, by whoever asks."""
    try:
        return rows.count() != left.count()
    except ValueError:  # part of another query, and no answer by itself
        return True


def _site(frame: FrameType) -> Site | None:
    """Where a filter is called, if that is in the records and somebody is known already."""
    while "/django/db/" in frame.f_code.co_filename and frame.f_back is not None:  # managers and get() filter too
        frame = frame.f_back
    path = frame.f_code.co_filename
    return (path, frame.f_lineno) if "/baken/record/" in path and frame.f_code.co_name not in WHO_SOMEBODY_IS else None


def _steps(frame: FrameType | None) -> Iterator[Site]:
    """The program's own lines that are being run, the innermost first."""
    while frame is not None:
        if "/baken/" in frame.f_code.co_filename:
            yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
