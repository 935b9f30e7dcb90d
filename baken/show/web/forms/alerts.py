"""Alert sources and honey tokens."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from baken.domain.alerts import Level
from baken.domain.instants import SECOND
from baken.record.detection.models import AlertSource
from baken.record.people.models import HoneyToken
from baken.show.web.forms import fields
from baken.show.web.forms.durations import DurationField
from baken.show.web.forms.services import UseForm

TOOLS = {
    AlertSource.Tool.CROWDSEC: "CrowdSec",
    AlertSource.Tool.WAZUH: "Wazuh",
    AlertSource.Tool.FALCO: "Falco",
    AlertSource.Tool.FAIL2BAN: "fail2ban",
    AlertSource.Tool.GENERIC: _("Another tool"),
}
LEVELS = {
    Level.INFO: _("for information"),
    Level.LOW: _("low or graver"),
    Level.MEDIUM: _("medium or graver"),
    Level.HIGH: _("high or graver"),
    Level.CRITICAL: _("critical"),
}
HONEY = {
    HoneyToken.Kind.TOKEN: _("API token"),
    HoneyToken.Kind.ACCOUNT: _("Account"),
    HoneyToken.Kind.LINK: _("Link to a file"),
}


class AlertSourceForm(UseForm):
    """How the alerts of a source are judged."""

    name = fields.line(_("Name"), required=False, help_text=_("Which installation of the tool it is, and where."))
    minimum = forms.ChoiceField(
        label=_("An incident from level"), choices=list(LEVELS.items()), initial=Level.MEDIUM,
        help_text=_("What is less grave is counted as a signal and opens nothing."),
    )  # fmt: skip
    window = DurationField(
        label=_("Alerts belong together within"), days=True, initial=3_600 * SECOND,
        help_text=_("Of the same rule and machine: one incident instead of a thousand."),
    )  # fmt: skip
    active = forms.BooleanField(label=_("Alerts are taken"), required=False, initial=True)

    def clean_window(self) -> int:
        return int(self.cleaned_data["window"]) // SECOND


class NewAlertSourceForm(AlertSourceForm):
    """A tool that may alert."""

    field_order = ("code", "tool", "service", "name", "minimum", "window", "active")

    code = forms.RegexField(
        r"^[a-z0-9][a-z0-9-]{0,62}\Z", label=_("Code"), max_length=63,
        help_text=_("The last part of the address that the tool sends to, such as falco-production."),
        error_messages={"invalid": _("Use small letters, digits and hyphens, like falco-production.")},
    )  # fmt: skip
    tool = forms.ChoiceField(label=_("Tool"), choices=list(TOOLS.items()))


class HoneyForm(fields.MakingForm):
    """A honey token."""

    kind = forms.ChoiceField(label=_("What it looks like"), choices=list(HONEY.items()))
    lure = forms.EmailField(
        label=_("E-mail address of the account"), required=False, max_length=200,
        help_text=_("For an account alone. Choose one that looks worth trying and that nobody has."),
    )  # fmt: skip
    planted = fields.line(
        _("Where you put it"), help_text=_("A use then tells where somebody has been: a file server, a wiki, a backup.")
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("kind") == HoneyToken.Kind.ACCOUNT and not given.get("lure") and "lure" not in self.errors:
            self.add_error("lure", _("Give the address of the account."))
        return given
