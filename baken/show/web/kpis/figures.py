"""Figures inside sentences, where a template tag does not reach."""

from collections.abc import Sequence
from fractions import Fraction

from django.utils import formats, timezone
from django.utils.translation import gettext

from baken.domain.instants import SECOND, to_datetime
from baken.domain.kpis import Kpi, Unit
from baken.show.web.templatetags.baken import duration


def day(instant: int) -> str:
    """The reader's local date of an instant."""
    # Translators: a day, as Django's date format
    return formats.date_format(timezone.localtime(to_datetime(instant)), gettext("j M Y"))


def percent(value: float | Fraction, places: int = 2) -> str:
    """A percentage that is not held to a target, never rounded onto 0 or 100."""
    while places < 12 and round(value, places) in (0, 100) and value not in (0, 100):
        places += 1
    return formats.number_format(round(float(value), places), places, use_l10n=True) + "%"


def change(now: Kpi, before: Kpi) -> str:
    """What a value did since the period before, in words; empty when one of them is unknown."""
    if now.exact is None or before.exact is None:
        return ""
    difference = now.exact[0] - before.exact[0]
    if not difference:
        return gettext("the same")
    more = difference > 0
    size = abs(difference)
    if now.unit is Unit.COUNT:
        text = gettext("%(size)s more") if more else gettext("%(size)s fewer")
        return text % {"size": int(size)}
    if now.unit is Unit.SECONDS:
        text = gettext("%(size)s longer") if more else gettext("%(size)s shorter")
        return text % {"size": duration(int(size * SECOND))}
    text = gettext("%(size)s higher") if more else gettext("%(size)s lower")
    return text % {"size": _points(size, now.unit)}


def short_of_target(kpi: Kpi) -> str:
    """By how much a missed KPI misses its target: the bound that is best for it, for C1 and C2."""
    assert kpi.exact is not None and kpi.target is not None
    size = abs(kpi.exact[1] - kpi.target)
    if kpi.unit is Unit.COUNT:
        return gettext("%(size)s over the target.") % {"size": int(size)}
    if kpi.unit is Unit.SECONDS:
        return gettext("%(size)s over the target.") % {"size": duration(int(size * SECOND))}
    if kpi.exact[0] != kpi.exact[1]:
        text = gettext("%(size)s short, even if all time that was not measured was up.")
    else:
        text = gettext("%(size)s short of the target.")
    return text % {"size": _points(size, kpi.unit)}


def to_add_up(lengths: Sequence[int], unit: int = SECOND) -> list[int]:
    """Durations in whole units that add up to their sum in whole units: what is cut off goes where most was."""
    whole = [length // unit for length in lengths]
    spare = sum(lengths) // unit - sum(whole)
    most = sorted(range(len(lengths)), key=lambda at: lengths[at] % unit, reverse=True)
    for at in most[:spare]:
        whole[at] += 1
    return [count * unit for count in whole]


def direction(now: Kpi, before: Kpi) -> str:
    """`better` or `worse` than the period before; empty when neither."""
    if now.exact is None or before.exact is None or now.exact[0] == before.exact[0]:
        return ""
    rose = now.exact[0] > before.exact[0]
    higher_is_better = now.unit in (Unit.PERCENT, Unit.GRADE)
    return "better" if rose == higher_is_better else "worse"


def _points(size: Fraction, unit: Unit) -> str:
    places = 1 if unit is Unit.GRADE else 2
    while places < 8 and not round(size, places):
        places += 1
    number = formats.number_format(round(float(size), places), places, use_l10n=True)
    return gettext("%(number)s points") % {"number": number} if unit is Unit.PERCENT else number
