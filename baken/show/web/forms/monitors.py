"""Monitors and the locations that check them."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from baken.record.monitors.models import Monitor
from baken.show.web.forms import fields
from baken.show.web.forms.services import UseForm

MILLISECONDS = 1_000
METHODS = [(method, method) for method in ("GET", "HEAD", "POST")]
WITHIN = _("The address is asked from every location. Addresses inside your own network work on this installation.")
PUBLIC = _("The address is asked from every location. It has to be public: the probers refuse the inside of a network.")


class SecondsField(forms.DecimalField):
    """A length of time that is written in seconds and kept in milliseconds."""

    def __init__(self, *, least: str, most: int = 86_400, **options: Any) -> None:
        widget = forms.NumberInput(attrs={"class": "short", "step": "any"})
        super().__init__(
            min_value=Decimal(least), max_value=most, max_digits=9, decimal_places=3, widget=widget, **options
        )

    def clean(self, value: Any) -> Any:
        seconds = super().clean(value)
        return None if seconds is None else int(seconds * MILLISECONDS)

    def prepare_value(self, value: Any) -> Any:
        return value / Decimal(MILLISECONDS) if isinstance(value, int) else value


class MonitorForm(forms.Form):
    """An address that is checked, and how it is judged."""

    name = fields.line(_("Name"), help_text=_("Such as: sign-in page, API, download."))
    url = fields.line(_("Address"), limit=2_000, inputmode="url", placeholder="https://")
    method = forms.ChoiceField(label=_("Method"), choices=METHODS, initial="GET")
    interval = SecondsField(label=_("Every so many seconds"), least="0.2")
    timeout = SecondsField(label=_("Give up after, in seconds"), least="0.1", most=300)
    tolerance = SecondsField(
        label=_("A result may be late by, in seconds"), least="0", help_text=_("Longer than that is not measured time.")
    )
    expect_status = fields.line(_("Expected HTTP status"), help_text=_("Such as 200 or 200-299,404."), limit=64)
    expect_text = fields.line(_("Expected text on the page"), required=False)
    follow_redirects = forms.BooleanField(label=_("Follow redirects"), required=False)
    verify_tls = forms.BooleanField(label=_("The certificate must be valid"), required=False)
    quorum = forms.IntegerField(
        label=_("Down when so many locations see it down"), min_value=0, max_value=1_000,
        help_text=_("0 means more than half of those that report."), widget=forms.NumberInput(attrs={"class": "short"}),
    )  # fmt: skip
    minimum_reporting = forms.IntegerField(
        label=_("Locations that have to report"), min_value=1, max_value=1_000,
        help_text=_("With fewer it is not measured."), widget=forms.NumberInput(attrs={"class": "short"}),
    )  # fmt: skip
    confirm_after = SecondsField(
        label=_("Open an incident after, in seconds"), least="0",
        help_text=_("It delays the incident, not the history: the outage begins at the first failure."),
    )  # fmt: skip
    quiet = SecondsField(
        label=_("Calm between two incidents, in seconds"),
        least="0",
        help_text=_("Outages closer than this are one incident."),
    )

    def __init__(self, data: Any = None, *, initial: Any = None, **kwargs: Any) -> None:
        usual = {name: getattr(Monitor(), name) for name in MonitorForm.base_fields}
        super().__init__(data, initial={**usual, **(initial or {})}, **kwargs)
        self.fields["url"].help_text = WITHIN if settings.BAKEN_ALLOW_PRIVATE else PUBLIC


class NewMonitorForm(MonitorForm, UseForm):
    """A monitor, and the service it measures."""

    field_order = ("service",)


class LocationForm(forms.Form):
    """A place to probe from."""

    code = forms.RegexField(
        r"^[a-z0-9][a-z0-9-]{0,62}\Z", label=_("Code"), max_length=63,
        help_text=_("Small letters, digits and hyphens, such as ams-1."),
        error_messages={"invalid": _("Use small letters, digits and hyphens, like ams-1.")},
    )  # fmt: skip
    name = fields.line(_("Name"), required=False, help_text=_("Where it is, such as Amsterdam."))
