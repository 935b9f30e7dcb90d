"""An agreement in words: hours by weekday, holidays and dates, for people who did not write it."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from babel import Locale
from babel.core import get_global
from django.utils import formats
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from baken.domain.calendars import CalendarRule
from baken.domain.calendars.holiday_dates import known_countries
from baken.domain.calendars.rules import MINUTES_A_DAY

DASH = "–"
DAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
Span = tuple[int, int]
"""Opening and closing in minutes after midnight; a closing past midnight is more than 1440."""


def calendar_lines(rule: CalendarRule) -> list[str]:
    """A calendar, one line for each thing it says."""
    if is_always(rule):
        return [gettext("Around the clock, every day of the year")]
    lines = list(_weekly(rule))
    if rule.holidays:
        lines.append(gettext("Closed on public holidays: %(country)s") % {"country": country(rule.holidays)})
    for each in rule.exceptions:
        hours = _hours(each.windows) if each.windows else gettext("closed")
        lines.append(f"{formats.date_format(each.day, gettext('j M Y'))}: {hours}")
    return lines


def is_always(rule: CalendarRule) -> bool:
    """Whether a calendar is simply around the clock."""
    return rule == CalendarRule.always(rule.zone)


def country(region: str) -> str:
    """The name of a country, with the part of it that is meant, in the reader's language."""
    code, _dash, part = region.partition("-")
    name = Locale.parse(get_language() or "en", sep="-").territories.get(code, code)
    return f"{name} ({part})" if part else name


def holidays_of_zone(zone: str) -> str:
    """The country whose public holidays go with a zone, such as NL with Europe/Amsterdam; empty when not known."""
    code: str = get_global("zone_territories").get(zone, "")
    return code if code in known_countries() else ""


def countries(codes: Sequence[str]) -> list[tuple[str, str]]:
    """Codes with names, by name."""
    return sorted(((code, country(code)) for code in codes), key=lambda pair: pair[1])


def _weekly(rule: CalendarRule) -> Iterator[str]:
    by_day: list[list[Span]] = [[] for _each in DAYS]
    for window in rule.windows:
        by_day[window.weekday].append((window.opens, window.closes))
    for spans, group in groupby(range(7), key=lambda day: by_day[day]):
        days = list(group)
        if spans:
            yield f"{_days(days)}: {_hours(spans)}"


def _days(days: Sequence[int]) -> str:
    first, last = str(DAYS[days[0]]), str(DAYS[days[-1]])
    return first if len(days) == 1 else gettext("%(first)s to %(last)s") % {"first": first, "last": last}


def _hours(spans: Sequence[Span]) -> str:
    return ", ".join(f"{_clock(opens)}{DASH}{_closing(closes)}" for opens, closes in spans)


def _closing(minutes: int) -> str:
    if minutes <= MINUTES_A_DAY:
        return _clock(minutes)
    return gettext("%(time)s the next day") % {"time": _clock(minutes - MINUTES_A_DAY)}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
