"""The first run: who provides, who administers, what is provided."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from baken.show.web.forms import fields
from baken.show.web.forms.session import password_field

MOST_ADDRESSES = 20


class SetupForm(forms.Form):
    """Everything the first run asks but the agreement."""

    token = fields.line(
        _("Setup token"), help_text=_("It was printed when Baken started, so that nobody else can do this."),
        autocomplete="off", spellcheck="false",
    )  # fmt: skip
    provider_name = fields.line(_("Name of your organisation"), autocomplete="organization")
    language = fields.language(help_text=_("Everybody can choose their own later."))
    zone = fields.zone(help_text=_("For the hours of the first agreement, and for people who choose none."))
    name = fields.line(_("Your name"), autocomplete="name")
    email = forms.EmailField(
        label=_("Your e-mail address"), max_length=200, help_text=_("You sign in with it."),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )  # fmt: skip
    password = password_field(_("Your password"), new=True, help_text=_("At least 12 characters. A sentence is good."))
    service_name = fields.line(_("Name of the service"), help_text=_("What you run for customers, as they know it."))
    addresses = forms.CharField(
        label=_("Addresses to measure"), required=False, max_length=20_000,
        help_text=_("One on a line, such as https://www.example.org/. Without one, uptime is not proven."),
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://", "inputmode": "url"}),
    )  # fmt: skip

    def clean_addresses(self) -> list[str]:
        addresses = [line.strip() for line in self.cleaned_data["addresses"].splitlines() if line.strip()]
        if len(addresses) > MOST_ADDRESSES:
            advice = gettext("Give at most %(most)s here, and add the others later.")
            raise ValidationError(advice % {"most": MOST_ADDRESSES})
        return addresses

    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under the headings of the page."""
        return [
            (gettext("The token"), [self["token"]]),
            (gettext("Your organisation"), [self["provider_name"], self["language"], self["zone"]]),
            (gettext("You, the first administrator"), [self["name"], self["email"], self["password"]]),
            (gettext("Your first service"), [self["service_name"], self["addresses"]]),
        ]
