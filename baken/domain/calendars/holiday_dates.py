"""Public holidays by country, from the pinned `holidays` package."""

import difflib
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import holidays
from holidays.version import __version__

from baken.domain.calendars.errors import CalendarError

HOLIDAYS_VERSION: str = __version__
"""A verdict remembers it, since a law or a correction can move a holiday from one version to the next."""


def check_region(region: str) -> None:
    """Raises CalendarError unless the region is empty, a country (NL) or a part of one (DE-BY)."""
    if region:
        holidays_of(region, 2025)


def known_countries() -> list[str]:
    """The codes of the countries whose holidays are known."""
    return sorted(holidays.list_supported_countries(include_aliases=False))


@lru_cache(maxsize=4096)
def holidays_of(region: str, year: int) -> Mapping[date, str]:
    """The public holidays of one year, named in the country's own language; none for an empty region.

    Two holidays on one date are one entry, their names joined by a semicolon. Raises CalendarError for an
    unknown region, naming those that look like it.
    """
    if not region:
        return MappingProxyType({})
    country, _, part = region.partition("-")
    try:
        language = _own_language(country)
        found = holidays.country_holidays(country, subdiv=part or None, years=year, language=language)
    except NotImplementedError:
        raise CalendarError(_advice(country, part)) from None
    return MappingProxyType(dict(found.items()))


def _own_language(country: str) -> str | None:
    """Left without a language the package takes the machine's, and two machines name a day differently."""
    if not re.fullmatch("[A-Z]{2}", country):
        raise NotImplementedError
    language: str | None = holidays.country_holidays(country).default_language
    return language


def _advice(country: str, part: str) -> str:
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        close = difflib.get_close_matches(country.upper()[:2], known, n=5, cutoff=0.5)
        return f"holidays: no country {country!r}; leave it empty, or choose a two-letter code such as " + ", ".join(
            close or ["NL", "BE", "DE"]
        )
    choice = f"choose one of {', '.join(known[country])}" if known[country] else f"write {country} alone"
    return f"holidays: {country} has no part {part!r}; {choice}"
