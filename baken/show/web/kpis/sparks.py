"""Spark lines: thirteen periods of a KPI as the shapes of a small SVG. Nothing known is hatched, never at zero."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext, ngettext

from baken.domain.kpis import Kpi, Status, Unit
from baken.show.web.templatetags.baken import kpi_value

WIDTH, HEIGHT = 104.0, 24.0
_PAD = 2.0
_BAR = 5.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One period: a bar (width and height) or a dot (x and y are its middle). look: its status, or `unknown`.

    hatch: the path of its hatching, where nothing is known.
    """

    x: float
    y: float
    width: float
    height: float
    look: str
    title: str
    hatch: str = ""


@dataclass(frozen=True, slots=True)
class Spark:
    """A picture. line: points of the polylines, one for each run of known values. target: height of the target."""

    bars: list[Mark]
    dots: list[Mark]
    lines: list[str]
    target: float | None
    label: str
    width: float = WIDTH
    height: float = HEIGHT
    empty: list[Mark] = field(default_factory=list)


def spark(kpis: Sequence[Kpi], titles: Sequence[str], *, width: float = WIDTH, height: float = HEIGHT) -> Spark:
    """The picture of adjoining periods, the oldest first, each with its title."""
    scale = _Scale(kpis, width, height)
    marks = [scale.mark(number, kpi, title) for number, (kpi, title) in enumerate(zip(kpis, titles, strict=True))]
    known = [mark for mark, kpi in zip(marks, kpis, strict=True) if kpi.exact is not None]
    empty = [mark for mark, kpi in zip(marks, kpis, strict=True) if kpi.exact is None]
    counting = kpis[0].unit is Unit.COUNT
    return Spark(
        bars=known if counting else [],
        dots=[] if counting else known,
        lines=[] if counting else _runs(marks, kpis),
        target=scale.target,
        label=_label(kpis, titles),
        width=width,
        height=height,
        empty=empty,
    )


class _Scale:
    """Where a value lies: counts stand on zero, other values between the lowest and the highest shown."""

    def __init__(self, kpis: Sequence[Kpi], width: float, height: float) -> None:
        self._height, self._step, self._count = height, width / len(kpis), kpis[0].unit is Unit.COUNT
        target = kpis[-1].target
        shown = [float(kpi.exact[0]) for kpi in kpis if kpi.exact] + ([float(target)] if target is not None else [])
        self._low = 0.0 if self._count else min(shown, default=0.0)
        self._high = max(shown, default=1.0)
        self.target = None if target is None else self._y(float(target))

    def mark(self, number: int, kpi: Kpi, title: str) -> Mark:
        bar = min(_BAR, self._step - 1) if self._step < 12 else self._step * 0.6
        left = round(number * self._step + (self._step - bar) / 2, 2)
        said = f"{title}: {kpi_value(kpi)}"
        if kpi.exact is None:
            room = self._height - 2 * _PAD
            return Mark(left, _PAD, round(bar, 2), room, "unknown", said, hatching(left, _PAD, bar, room, bar))
        y = self._y(float(kpi.exact[0]))
        if not self._count:
            return Mark(round(left + bar / 2, 2), y, 0, 0, kpi.status.value, said)
        top = min(y, self._height - _PAD)  # a zero is a line of its own, to tell it from nothing known
        return Mark(left, top, round(bar, 2), round(self._height - top, 2), kpi.status.value, said)

    def _y(self, value: float) -> float:
        room = self._height - 2 * _PAD
        if self._high <= self._low:
            return round(self._height - _PAD if self._count else self._height / 2, 2)
        return round(_PAD + room * (1 - (value - self._low) / (self._high - self._low)), 2)


def hatching(x: float, y: float, width: float, height: float, step: float) -> str:
    """The path of the slanting lines, `step` apart, that fill a bar of which nothing is known."""
    bottom, lines = y + height, []
    while bottom > y:
        rise = min(step, bottom - y)
        lines.append(f"M{x:g} {bottom:g}l{width * rise / step:g} {-rise:g}")
        bottom -= step
    return "".join(lines)


def _runs(marks: Sequence[Mark], kpis: Sequence[Kpi]) -> list[str]:
    runs: list[list[Mark]] = [[]]
    for mark, kpi in zip(marks, kpis, strict=True):
        if kpi.exact is None:
            runs.append([])
        else:
            runs[-1].append(mark)
    return [" ".join(f"{mark.x},{mark.y}" for mark in run) for run in runs if len(run) > 1]


def _label(kpis: Sequence[Kpi], titles: Sequence[str]) -> str:
    missed = sum(kpi.status is Status.MISSED for kpi in kpis)
    text = gettext("From %(first)s in %(then)s to %(last)s in %(now)s.") % {
        "first": kpi_value(kpis[0]), "then": titles[0], "last": kpi_value(kpis[-1]), "now": titles[-1],
    }  # fmt: skip
    counted = ngettext("Missed in %(count)s of %(of)s period.", "Missed in %(count)s of %(of)s periods.", len(kpis))
    return f"{text} {counted % {'count': missed, 'of': len(kpis)}}"
