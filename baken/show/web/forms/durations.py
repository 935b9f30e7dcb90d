"""Lengths of time as people write them: `4 h`, `1 h 30 m`, `90 m`, `5 d`."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, pgettext

from baken.domain.instants import DAY, HOUR, MINUTE, SECOND

_SIZES = {"d": DAY, "h": HOUR, "u": HOUR, "m": MINUTE, "s": SECOND}
_PART = re.compile(r"(\d{1,9})\s*([dhums])[a-z]*\.?\s*", re.IGNORECASE)
LONGEST = 3_660 * DAY


class DurationField(forms.CharField):
    """A length of time in microseconds; None when it is left empty.

    days: whether days may be written, which are 24 hours. In working time a day says too little, so that there it is
    asked for in hours.
    """

    def __init__(self, *, days: bool = False, zero: bool = False, **options: Any) -> None:
        self.days, self.zero = days, zero
        super().__init__(max_length=60, widget=forms.TextInput(attrs={"class": "medium"}), **options)

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value)).strip()
        if not text:
            return None
        amount = _read(text)
        if amount is None or amount > LONGEST or (amount == 0 and not self.zero):
            raise ValidationError(self._advice())
        if not self.days and any(part[2] in "dD" for part in _PART.finditer(text)):
            raise ValidationError(gettext("Write it in hours and minutes; a working day has no fixed length."))
        return amount

    def prepare_value(self, value: Any) -> Any:
        return write(value, days=self.days) if isinstance(value, int) else value

    def _advice(self) -> str:
        if self.days:
            return gettext("Give a time longer than zero, like 5 d, 12 h or 1 h 30 m.")
        return gettext("Give a time longer than zero, like 4 h, 30 m or 1 h 30 m.")


def _read(text: str) -> int | None:
    total, at = 0, 0
    for part in _PART.finditer(text):
        if part.start() != at:
            return None
        total, at = total + int(part[1]) * _SIZES[part[2].lower()], part.end()
    return total if at == len(text) and at else None


def write(amount: int, *, days: bool) -> str:
    """The text that the field reads back, as the reader writes it; to the second."""
    parts = []
    for size, letter in {DAY: "d", HOUR: pgettext("hours", "h"), MINUTE: "m", SECOND: "s"}.items():
        if size == DAY and not days:
            continue
        count, amount = divmod(amount, size)
        if count:
            parts.append(f"{count} {letter}")
    return " ".join(parts) or "0 m"
