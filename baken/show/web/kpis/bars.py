"""Ninety days as bars: what a timeline was like on each day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby

from django.utils import formats
from django.utils.translation import gettext

from baken.domain.timelines import State, Timeline
from baken.domain.uptime import UptimeTally, measure
from baken.domain.wall_clock import day_start
from baken.show.web.kpis.figures import percent
from baken.show.web.kpis.sparks import hatching
from baken.show.web.templatetags.baken import duration

DAYS = 90
WIDTH = 0.78
"""Of a bar, the rest of its unit being the gap to the next; a bar is 10 high."""
HATCHED_FROM = Fraction(1, 100)
"""The share of a day that has to be unknown before its bar says so; a prober that restarts is no news."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day. look: its worst state. title: the same in words, with how long."""

    x: int
    day: date
    look: str
    title: str
    tally: UptimeTally


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row of which nothing, or too little, is known: one shape with its hatching."""

    ground: str
    hatch: str
    title: str


@dataclass(frozen=True, slots=True)
class Bars:
    """The days of a timeline in order, their total, and a sentence for whoever does not see them."""

    days: list[Bar]
    total: UptimeTally
    label: str

    @property
    def up(self) -> str:
        """The path of all the days that were simply up: one shape, for most of them are."""
        return _grounds(bar for bar in self.days if bar.look == State.UP)

    @property
    def stretches(self) -> list[Stretch]:
        """The days that were not measured, those in a row together."""
        runs = groupby(self.days, key=lambda bar: bar.look == State.UNKNOWN)
        return [_stretch(list(run)) for unknown, run in runs if unknown]

    @property
    def marked(self) -> list[Bar]:
        """The days with an outage or with maintenance."""
        return [bar for bar in self.days if bar.look in (State.DOWN, State.MAINTENANCE)]

    @property
    def eventful(self) -> list[Bar]:
        """The days that were not simply up, the latest first: the table beside the picture."""
        return [bar for bar in reversed(self.days) if bar.look != State.UP]

    @property
    def share(self) -> str:
        """The share of measured time in which it was up."""
        seen = self.total.up + self.total.down
        return percent(Fraction(100 * self.total.up, seen)) if seen else ""


def bars(timeline: Timeline, zone: str, last: date, days: int = DAYS) -> Bars:
    """The days up to and including `last`, cut in a zone."""
    dates = [last - timedelta(days=days - 1 - number) for number in range(days)]
    edges = [day_start(zone, day) for day in [*dates, last + timedelta(days=1)]]
    found = [_bar(number, day, timeline.clip(*edges[number : number + 2])) for number, day in enumerate(dates)]
    total = measure(timeline.clip(edges[0], edges[-1]))
    return Bars(found, total, _label(found))


def first_day(last: date, days: int = DAYS) -> date:
    """The first of so many days."""
    return last - timedelta(days=days - 1)


def look(tally: UptimeTally) -> State:
    """The worst state of a day: down, then too much unknown, then maintenance, then up."""
    if tally.down:
        return State.DOWN
    if not tally.total or tally.unknown > HATCHED_FROM * tally.total or not tally.up + tally.maintenance:
        return State.UNKNOWN
    return State.MAINTENANCE if tally.maintenance else State.UP


def _bar(number: int, day: date, timeline: Timeline) -> Bar:
    tally = measure(timeline)
    # Translators: a day, as Django's date format
    said = formats.date_format(day, gettext("j M Y"))
    return Bar(number, day, look(tally).value, f"{said}: {_words(tally)}", tally)


def _stretch(run: Sequence[Bar]) -> Stretch:
    hatch = "".join(hatching(bar.x, 0, WIDTH, 10, 10 / 3) for bar in run)
    if len(run) == 1:
        return Stretch(_grounds(run), hatch, run[0].title)
    # Translators: a day, as Django's date format
    first, last = (formats.date_format(bar.day, gettext("j M Y")) for bar in (run[0], run[-1]))
    return Stretch(
        _grounds(run), hatch, gettext("%(first)s to %(last)s: not measured") % {"first": first, "last": last}
    )


def _grounds(run: Iterable[Bar]) -> str:
    return "".join(f"M{bar.x} 0h{WIDTH}v10h-{WIDTH}z" for bar in run)


def _words(tally: UptimeTally) -> str:
    if not tally.total or tally.unknown == tally.total:
        return gettext("not measured")
    parts = (
        (tally.down, gettext("%(length)s down")),
        (tally.maintenance, gettext("%(length)s maintenance")),
        (tally.unknown, gettext("%(length)s not measured")),
    )
    return ", ".join(text % {"length": duration(length)} for length, text in parts if length) or gettext("up")


def _label(days: Sequence[Bar]) -> str:
    """How many days were how."""
    counts = {state: sum(bar.look == state for bar in days) for state in State}
    return gettext(
        "Of %(days)s days %(up)s were up, %(down)s had an outage, %(maintenance)s had maintenance, %(unknown)s were "
        "not measured."
    ) % {"days": len(days), **{state.value: count for state, count in counts.items()}}
