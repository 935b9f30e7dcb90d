"""What can be wrong with a calendar, or with a question put to it."""


class CalendarError(ValueError):
    """The calendar does not hold together, or is asked about a time it does not cover."""


class NeverReached(CalendarError):
    """So much working time does not come within 50 years."""
