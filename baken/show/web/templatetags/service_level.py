"""Tags of the service level's pages: grades, and words for codes that several of them show."""

from datetime import date

from django import template
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from baken.domain.instants import SECOND

register = template.Library()

SEVERITIES: dict[str, Promise] = {
    "critical": _("critical"),
    "high": _("high"),
    "medium": _("medium"),
    "low": _("low"),
}
REFUSALS: dict[str, Promise] = {
    "late_notice": _("announced too late"),
    "outside_window": _("outside the agreed windows"),
    "peak_hours": _("in peak hours"),
    "over_maximum": _("over the agreed maximum of the month"),
}


@register.filter
def grade(tenths: int | None) -> str:
    """A grade that is kept in tenths, as 7.8."""
    return "" if tenths is None else formats.number_format(tenths / 10, 1, use_l10n=True)


@register.filter
def exactly(value: int | None) -> str:
    """Microseconds as "7 h 13 m 05 s": for lists that add up."""
    if value is None:
        return ""
    minutes, seconds = divmod(value // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    counts = {
        "hours": formats.number_format(hours, force_grouping=True),
        "minutes": f"{minutes:02}",
        "seconds": f"{seconds:02}",
    }
    return gettext("%(hours)s h %(minutes)s m %(seconds)s s") % counts


@register.filter
def severity_words(code: str) -> str:
    """How grave a finding is."""
    return str(SEVERITIES.get(code, code))


@register.filter
def refusal_words(code: str) -> str:
    """Why planned work does not count as maintenance."""
    return str(REFUSALS.get(code, code))


@register.filter
def written_day(iso: str) -> str:
    """A date that was frozen as ISO 8601, as people write it."""
    # Translators: a day, as Django's date format
    return formats.date_format(date.fromisoformat(iso), gettext("j M Y"))
