"""Fields that several forms have: zones, languages, lines, texts, lengths of time."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from baken.record.orgs.fields import LINE, TEXT


def line(label: Any, *, help_text: Any = "", required: bool = True, limit: int = LINE, **attrs: Any) -> forms.CharField:
    """One line that a person writes."""
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=limit, widget=forms.TextInput(attrs=attrs)
    )


def text(
    label: Any, *, help_text: Any = "", required: bool = True, limit: int = TEXT, rows: int = 6
) -> forms.CharField:
    """Text of several lines that a person writes."""
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, help_text=help_text, required=required, max_length=limit, widget=widget)


def language(**options: Any) -> forms.ChoiceField:
    """One of the languages of the pages."""
    return forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, **options)


def zone(**options: Any) -> forms.ChoiceField:
    """One of the IANA time zones."""
    return forms.ChoiceField(label=_("Time zone"), choices=zones, **options)


def zones() -> list[tuple[str, str]]:
    """Every zone that is a place, and UTC."""
    places = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]
