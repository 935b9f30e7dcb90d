"""How long a service was up: sums of time and the bounds they prove. See docs/algorithms/uptime.md."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from fractions import Fraction

from baken.domain.intervals import Intervals
from baken.domain.timelines import State, Timeline


@dataclass(frozen=True, slots=True)
class UptimeTally:
    """Microseconds in each state. Tallies of disjoint times add up to that of their union, exactly.

    Bounds are shares of `net`, the time without agreed maintenance; the gross ones are shares of all time,
    in which maintenance is time that the service was not offered. Time without data may have been up or
    down, hence the pair. All of them are exact, and None when there is no time to take a share of.
    """

    up: int = 0
    down: int = 0
    unknown: int = 0
    maintenance: int = 0

    def __add__(self, other: "UptimeTally") -> "UptimeTally":
        return UptimeTally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: "UptimeTally") -> "UptimeTally":
        return UptimeTally(*(mine - theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def total(self) -> int:
        """All time."""
        return self.net + self.maintenance

    @property
    def net(self) -> int:
        """All time but agreed maintenance: T in the formulas."""
        return self.up + self.down + self.unknown

    @property
    def lower(self) -> Fraction | None:
        """up / T: what is proven."""
        return _share(self.up, self.net)

    @property
    def upper(self) -> Fraction | None:
        """(up + unknown) / T: what cannot be ruled out."""
        return _share(self.up + self.unknown, self.net)

    @property
    def gross_lower(self) -> Fraction | None:
        """As `lower`, of all time."""
        return _share(self.up, self.total)

    @property
    def gross_upper(self) -> Fraction | None:
        """As `upper`, of all time."""
        return _share(self.up + self.unknown, self.total)

    @property
    def coverage(self) -> Fraction | None:
        """1 − unknown / T: the share of time that was measured."""
        return _share(self.net - self.unknown, self.net)


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def measure(timeline: Timeline, within: Intervals | None = None) -> UptimeTally:
    """Time in each state over a timeline, or over the part of it in `within`: the peak hours, for C2."""
    if within is None:
        seen = timeline.durations()
    else:
        seen = {state: (timeline.intervals(state) & within).total() for state in State}
    return UptimeTally(**{state.value: duration for state, duration in seen.items()})


def exclude(timeline: Timeline, agreed: Intervals, within: Intervals | None = None) -> tuple[UptimeTally, UptimeTally]:
    """The tally as measured, and the same without the time that the customer agreed to exclude.

    Excluded time leaves T whatever its state was. Both are shown; neither replaces the other.
    """
    full = measure(timeline, within)
    return full, full - measure(timeline, agreed if within is None else agreed & within)


def worst_location(
    locations: Mapping[str, Timeline], within: Intervals | None = None
) -> tuple[str, UptimeTally] | None:
    """The location that surely missed most: lowest upper bound, then lowest lower bound, then name.

    One that was seen down is worse than one without data, against which nothing is known. locations: what
    each saw of the service, with maintenance applied. None when no location has any time to measure.
    """
    tallies = {name: measure(timeline, within) for name, timeline in locations.items()}
    ranked = [
        (tally.upper, tally.lower, name)
        for name, tally in tallies.items()
        if tally.upper is not None and tally.lower is not None
    ]
    if not ranked:
        return None
    _, _, name = min(ranked)
    return name, tallies[name]
