"""Time zones from the pinned `tzdata` package, never from the machine.

Two machines with different system packages would otherwise cut the same period differently. A verdict remembers
`TZDATA_VERSION`, so that a later recomputation under new rules is recognisable as such.
"""

import zoneinfo
from functools import lru_cache

import tzdata

zoneinfo.reset_tzpath(to=())

TZDATA_VERSION: str = tzdata.IANA_VERSION


class UnknownZone(ValueError):
    """No such IANA time zone; write it like Europe/Amsterdam or UTC."""


@lru_cache(maxsize=512)
def zone(name: str) -> zoneinfo.ZoneInfo:
    """The IANA zone `name`. Raises UnknownZone for anything else, paths included."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(f"{name!r} is not an IANA time zone; write it like Europe/Amsterdam or UTC") from error
