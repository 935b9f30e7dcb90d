"""Identity providers."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from baken.record.orgs.models import Organisation
from baken.record.people.access import Role
from baken.record.people.models import IdentityProvider
from baken.show.web.forms import fields
from baken.show.web.forms.people import ROLE_NAMES


class IdentityProviderForm(forms.Form):
    """What a provider is asked as, and whose word it gives."""

    name = fields.line(_("Name"), help_text=_("As people know it; it is on the button they press."))
    client_id = fields.line(_("Client ID"), help_text=_("As the provider gave it."), limit=1_000, autocomplete="off")
    client_secret = forms.CharField(
        label=_("Client secret"), required=False, max_length=1_000, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("It is sealed, and never shown again. Empty: as it is, or none at all."),
    )  # fmt: skip
    domains = fields.line(
        _("E-mail domains"), limit=2_000,
        help_text=_("Whose addresses it may speak for, such as example.org, with spaces between them."),
    )  # fmt: skip
    new_role = forms.ChoiceField(
        label=_("People nobody here knows yet"), required=False,
        choices=[
            ("", _("are refused")),
            *((role.value, ROLE_NAMES[role.value]) for role in Role if role is not Role.ADMINISTRATOR),
        ],
        help_text=_("Or they are added, with this role."),
    )  # fmt: skip
    second_factor = forms.ChoiceField(
        label=_("Its second step"), initial=IdentityProvider.SecondFactor.NONE,
        choices=[
            (IdentityProvider.SecondFactor.NONE, _("does not count")),
            (IdentityProvider.SecondFactor.SAID, _("counts when it says so at that sign-in")),
            (IdentityProvider.SecondFactor.TRUSTED, _("counts always; its word is taken")),
        ],
        help_text=_("Where it counts, Baken asks for none after it. A provider says so by amr or acr."),
    )  # fmt: skip
    acr_values = fields.line(
        _("Values of acr that mean a second step"), limit=2_000, required=False, autocomplete="off",
        help_text=_("As the provider calls them, with spaces between them; it is asked for these. Empty: amr alone."),
    )  # fmt: skip


class NewIdentityProviderForm(IdentityProviderForm):
    """The same, and what never changes afterwards."""

    organisation = fields.ByCode(_("Organisation"), help_text=_("It signs in the people of this one, and nobody else."))
    issuer = forms.CharField(
        label=_("Issuer"), max_length=1_000, widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
        help_text=_("An address that begins with https://, exactly as the provider writes it."),
    )  # fmt: skip
    field_order = ("organisation", "name", "issuer")

    def __init__(self, data: Any = None, *, organisations: QuerySet[Organisation], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        fields.offer(self, "organisation", organisations)
