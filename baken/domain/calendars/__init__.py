"""Working time: weekly windows in a zone, holidays and exceptions. See docs/algorithms/calendars.md.

A `CalendarRule` says when there is working time; `calendar(rule)` answers how much of it lies between two
instants and when a given amount of it is over.
"""

from baken.domain.calendars.calendar import Calendar, Skipped, calendar
from baken.domain.calendars.errors import CalendarError, NeverReached
from baken.domain.calendars.holiday_dates import HOLIDAYS_VERSION
from baken.domain.calendars.hours import Reason
from baken.domain.calendars.rules import CalendarRule, DatedWindows, Window

__all__ = [
    "HOLIDAYS_VERSION",
    "Calendar",
    "CalendarError",
    "CalendarRule",
    "DatedWindows",
    "NeverReached",
    "Reason",
    "Skipped",
    "Window",
    "calendar",
]
