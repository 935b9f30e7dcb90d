"""Working hours as people write them: `08:00-12:00, 13:00-17:30` for a day, `22:00-06:00` past midnight."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from baken.domain.calendars import CalendarError, CalendarRule, DatedWindows, Window
from baken.domain.calendars.holiday_dates import check_region
from baken.domain.calendars.rules import MINUTES_A_DAY
from baken.show.web.remedies import in_words
from baken.show.web.wording import DAYS, Span, calendar_lines, is_always

_SPAN = re.compile(r"([01]?\d|2[0-4])[:.]([0-5]\d)\s*(?:-|–|to|tot)\s*([01]?\d|2[0-4])[:.]([0-5]\d)")


def read_spans(text: str) -> list[Span]:
    """The spans of one day. Raises ValidationError for anything else than spans separated by commas."""
    return [_span(part.strip()) for part in re.split(r"[,;]", text) if part.strip()]


def write_spans(spans: Iterable[Span]) -> str:
    """The text that `read_spans` reads back."""
    return ", ".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in spans)


def _span(text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValidationError(_wrong(text))
    opens, closes = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if opens >= MINUTES_A_DAY or closes > MINUTES_A_DAY:
        raise ValidationError(_wrong(text))
    return opens, closes if closes > opens else closes + MINUTES_A_DAY


def _wrong(text: str) -> str:
    return gettext("“%(text)s” is no working time; write it like 08:00-12:00, 13:00-17:30, or 22:00-06:00.") % {
        "text": text[:40]
    }


def _clock(minutes: int) -> str:
    past = minutes - MINUTES_A_DAY if minutes > MINUTES_A_DAY else minutes
    return f"{past // 60:02}:{past % 60:02}"


class SpansField(forms.CharField):
    """The working hours of one day; empty is a closed day."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=200, widget=forms.TextInput(attrs={"inputmode": "text"}), **options)

    def clean(self, value: Any) -> Any:
        return read_spans(super().clean(value))

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else write_spans(value)


class ExceptionsField(forms.CharField):
    """Dated exceptions, one on a line: `2026-12-24 08:00-12:00`, or `2026-12-31` alone for a closed day."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "placeholder": "2026-12-24 08:00-12:00\n2026-12-31"})
        super().__init__(required=False, max_length=10_000, widget=widget, **options)

    def clean(self, value: Any) -> Any:
        return [_exception(line.strip()) for line in super().clean(value).splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value
        return "\n".join(f"{each.day} {write_spans(each.windows)}".strip() for each in value)


def _exception(line: str) -> DatedWindows:
    day, _space, spans = line.partition(" ")
    try:
        return DatedWindows(date.fromisoformat(day), tuple(read_spans(spans)))
    except (ValueError, CalendarError) as error:
        raise ValidationError(
            gettext("“%(line)s”: begin with a date like 2026-12-24, then its hours, or nothing for a closed day.")
            % {"line": line[:40]}
        ) from error


class CalendarForm(forms.Form):
    """One calendar: around the clock, or hours a day with public holidays and exceptions.

    optional: no hours at all are allowed, and mean that there is no calendar.
    """

    always = forms.BooleanField(label=_("Around the clock, every day of the year"), required=False)
    holidays = forms.CharField(
        label=_("Closed on the public holidays of"), required=False, max_length=12,
        help_text=_("Two letters of a country, such as NL, or a part of it, such as DE-BY. Empty: open on holidays."),
        widget=forms.TextInput(attrs={"class": "short", "list": "countries", "autocomplete": "off"}),
    )  # fmt: skip
    exceptions = ExceptionsField(
        label=_("Other hours on single dates"),
        help_text=_("One date on a line, with its hours; a date without hours is closed."),
    )

    def __init__(
        self, data: Any = None, *, legend: Any, rule: CalendarRule | None, optional: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data, initial=_initial(rule), **kwargs)
        self.legend, self.optional, self.began_as = legend, optional, rule
        for number, day in enumerate(DAYS):
            self.fields[f"day_{number}"] = SpansField(label=day)
        if optional:
            del self.fields["always"]

    @property
    def words(self) -> str:
        """What the calendar said before it was changed here, in words."""
        return "; ".join(calendar_lines(self.began_as)) if self.began_as else gettext("none")

    def days(self) -> list[forms.BoundField]:
        """The fields of the seven days."""
        return [self[f"day_{number}"] for number in range(7)]

    def clean_holidays(self) -> str:
        region = str(self.cleaned_data["holidays"]).strip().upper()
        try:
            check_region(region)
        except CalendarError as error:
            raise ValidationError(in_words(str(error).partition(": ")[2])) from error
        return region

    def clean(self) -> dict[str, Any]:
        if not self.errors and not self.optional and not self.cleaned_data["always"] and not self._windows():
            self.add_error("day_0", gettext("Give hours for at least one day, or choose around the clock."))
        if not self.errors and len({each.day for each in self.cleaned_data["exceptions"]}) < len(
            self.cleaned_data["exceptions"]
        ):
            self.add_error("exceptions", gettext("Give each date once, with all its hours on one line."))
        return self.cleaned_data

    def rule(self, zone: str) -> CalendarRule | None:
        """The calendar in a zone; None for an optional one without hours."""
        if self.cleaned_data.get("always"):
            return CalendarRule.always(zone)
        windows = self._windows()
        if not windows:
            return None
        return CalendarRule(zone, windows, self.cleaned_data["holidays"], tuple(self.cleaned_data["exceptions"]))

    def _windows(self) -> tuple[Window, ...]:
        return tuple(
            Window(number, opens, closes) for number in range(7) for opens, closes in self.cleaned_data[f"day_{number}"]
        )


def _initial(rule: CalendarRule | None) -> dict[str, Any]:
    if rule is None:
        return {}
    if is_always(rule):
        return {"always": True}
    days: dict[int, list[Span]] = {}
    for window in rule.windows:
        days.setdefault(window.weekday, []).append((window.opens, window.closes))
    exceptions: Sequence[DatedWindows] = rule.exceptions
    by_day = {f"day_{number}": spans for number, spans in days.items()}
    return {"holidays": rule.holidays, "exceptions": list(exceptions), **by_day}
