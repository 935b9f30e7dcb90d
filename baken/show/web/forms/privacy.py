"""Erasing people and customers: what is asked before."""

from django import forms
from django.utils.translation import gettext_lazy as _


class PersonErasureForm(forms.Form):
    """The address once more, so that nobody is erased by a slip."""

    confirmation = forms.CharField(
        label=_("Their e-mail address"), max_length=200,
        help_text=_("Type it once more, so that nobody is erased by mistake."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


class CustomerErasureForm(forms.Form):
    """The code once more."""

    confirmation = forms.CharField(
        label=_("Their code"), max_length=64, help_text=_("Type it once more, so that nobody is erased by mistake."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
