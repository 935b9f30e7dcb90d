"""Tags and filters: status, durations, moments, KPI values, permissions."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from baken.domain.instants import DAY, HOUR, MINUTE, SECOND, to_datetime
from baken.domain.kpis import KPIS, Kpi, Unit, display
from baken.record.ledger import clock
from baken.record.people.access import Caller, Permission

register = template.Library()

STATUSES = {
    "met": _("met"),
    "at_risk": _("at risk"),
    "missed": _("missed"),
    "not_proven": _("not proven"),
    "maintenance": _("maintenance"),
    "not_judged": _("not judged"),
    "up": _("up"),
    "down": _("down"),
    "unknown": _("not measured"),
}
LOOKS_LIKE = {"up": "met", "down": "missed", "unknown": "not_proven"}
MINUS = "−"


@register.inclusion_tag("parts/status.html")
def status(code: object, kind: str = "chip") -> dict[str, Any]:
    """A status in shape, colour and words. kind: `chip`, `plain` (no ground), or `shape` (the words for ears only).

    Codes: a KPI's statuses, `maintenance`, and the states `up`, `down`, `unknown`.
    """
    code = str(code)
    return {"look": LOOKS_LIKE.get(code, code), "label": STATUSES.get(code, code), "kind": kind}


@register.filter
def status_words(code: object) -> str:
    """The words of a status alone."""
    return str(STATUSES.get(str(code), code))


@register.filter
def duration(value: int | None, style: str = "") -> str:
    """Microseconds as "1 h 12 m"; the largest two units, never rounded up. None is an empty string.

    style: empty for hours and smaller, as a clock shows them; `days` to count 24 hours as a day.
    """
    if value is None:
        return ""
    sign, rest = (MINUS if value < 0 else ""), abs(int(value))
    units = [(DAY, _days)] if style == "days" else []
    units += [(HOUR, _hours), (MINUTE, _minutes), (SECOND, _seconds)]
    for at, (size, words) in enumerate(units):
        if rest >= size or size == SECOND:
            first, left = divmod(rest, size)
            parts = [words(first)]
            if at + 1 < len(units) and size > MINUTE and (second := left // units[at + 1][0]):
                parts.append(units[at + 1][1](second))
            return sign + " ".join(parts)
    return ""


def _days(count: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": formats.number_format(count)}


def _hours(count: int) -> str:
    return gettext("%(count)s h") % {"count": formats.number_format(count, use_l10n=True, force_grouping=True)}


def _minutes(count: int) -> str:
    return gettext("%(count)s m") % {"count": count}


def _seconds(count: int) -> str:
    return gettext("%(count)s s") % {"count": count}


@register.simple_tag
def moment(value: datetime | int | None, style: str = "short") -> SafeString | str:
    """An instant (microseconds or an aware datetime) in the reader's zone; the exact one with its zone on hover.

    style: `short` (3 Jan 2026, 09:12), `day` (3 Jan 2026), `time` (09:12), `exact` (with weekday, seconds and zone),
    `relative` (12 m ago, in 3 h; a date beyond two days).
    """
    if value is None:
        return ""
    at = timezone.localtime(to_datetime(value) if isinstance(value, int) else value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(timespec="seconds"), exact(at), _styled(at, style)
    )


def exact(at: datetime) -> str:
    """Weekday, date, time to the second, and the zone, of an aware datetime in the reader's zone."""
    # Translators: how a moment is written in full; see Django's documentation of date formats.
    return formats.date_format(at, gettext("l j F Y, H:i:s")) + " " + (at.tzname() or "")


def _styled(at: datetime, style: str) -> str:
    if style == "relative":
        return _relative(at)
    if style == "exact":
        return exact(at)
    # Translators: formats of dates; see Django's documentation of date formats.
    chosen = {"day": gettext("j M Y"), "time": gettext("H:i")}.get(style) or gettext("j M Y, H:i")
    return formats.date_format(at, chosen)


def _relative(at: datetime) -> str:
    away = (at - clock.now()).total_seconds()
    if abs(away) >= 2 * 86_400:
        return _styled(at, "day")
    if abs(away) < 60:
        return gettext("just now") if away <= 0 else gettext("in a moment")
    length = duration(int(abs(away)) // 60 * MINUTE)
    return (gettext("in %(length)s") if away > 0 else gettext("%(length)s ago")) % {"length": length}


@register.filter
def kpi_value(kpi: Kpi) -> str:
    """A KPI's value as people read it, never rounded across its target; both bounds where they differ.

    No data is said in words, never as 0 or 100.
    """
    if kpi.exact is None:
        return gettext("no data")
    low, high = (figure(bound, kpi.target, kpi.unit) for bound in kpi.exact)
    return low if low == high else gettext("%(low)s to %(high)s") % {"low": low, "high": high}


@register.filter
def kpi_target(kpi: Kpi) -> str:
    """What was agreed for a KPI, with at least or at most; a dash when nothing was."""
    return target_words(kpi.code, kpi.target)


@register.filter
def target_words(code: str, target: Fraction | None) -> str:
    """The target of the KPI `code` in words."""
    if target is None:
        return "–"
    value = figure(target, target, KPIS[code].unit)
    return (gettext("at least %(value)s") if KPIS[code].higher else gettext("at most %(value)s")) % {"value": value}


def figure(value: Fraction, target: Fraction | None, unit: Unit) -> str:
    """A value in its unit, in the reader's notation."""
    if unit is Unit.SECONDS:
        return _length(value, target)
    shown: Decimal = display(value, target, unit)
    places = max(0, -int(shown.as_tuple().exponent))
    number: str = formats.number_format(shown, decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{number}%" if unit is Unit.PERCENT else number


def _length(seconds: Fraction, target: Fraction | None) -> str:
    """A duration, to the second or further where it would otherwise read like the target that it is not."""
    words = duration(int(seconds * SECOND))
    whole_target = seconds == target and not seconds % 60
    if target is None or whole_target or words != duration(int(target * SECOND)):
        return words
    shown = display(seconds, target, Unit.SECONDS)
    whole, rest = divmod(shown, 60)
    hours, minutes = divmod(int(whole), 60)
    places = max(0, -int(shown.as_tuple().exponent))
    last = gettext("%(count)s s") % {"count": formats.number_format(rest, decimal_pos=places, use_l10n=True)}
    return " ".join([*([_hours(hours)] if hours else []), _minutes(minutes), last])


@register.filter
def linked(text: str) -> SafeString:
    """What a person wrote, with its http, https and mail addresses as links; all else stays text."""
    links = urlize(text, nofollow=True, autoescape=True)
    # Quotes in the text itself are escaped by now, so this is our own attribute alone.
    return mark_safe(links.replace('rel="nofollow"', 'rel="nofollow noopener noreferrer"'))  # noqa: S308 (escaped)


@register.filter
def permitted(caller: Caller | None, permission: str) -> bool:
    """Whether the caller holds a permission, by its code: `{% if caller|permitted:"incidents:work" %}`."""
    return caller is not None and caller.may(Permission(permission))


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """The page's own query string with some values replaced; None takes one out. For pages, sorting and filters."""
    asked = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            asked.pop(name, None)
        else:
            asked[name] = str(value)
    return f"?{asked.urlencode()}"


@register.inclusion_tag("parts/breadcrumb.html", takes_context=False)
def breadcrumb(*steps: str) -> dict[str, Any]:
    """Where the page lies: label and address in turn, outermost first; the page itself is not among them."""
    return {"steps": list(zip(steps[::2], steps[1::2], strict=True))}
