"""Signing in, and how the pages look."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from baken.record.orgs.fields import LINE
from baken.record.people.models import User

LONGEST_PASSWORD = 1_000
"""In characters; hashing a longer one would keep a processor busy."""


def password_field(label: object, *, new: bool = False, help_text: object = "") -> forms.CharField:
    """A field for a password: never shown again, kept as typed, known to password managers."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password" if new else "current-password"})
    return forms.CharField(label=label, max_length=LONGEST_PASSWORD, strip=False, widget=widget, help_text=help_text)  # type: ignore[arg-type]  # lazy text


class SignInForm(forms.Form):
    """Who are you?"""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=LINE, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = password_field(_("Password"))


class CodeForm(forms.Form):
    """A code of an app, or one from paper."""

    code = forms.CharField(
        label=_("Code"), max_length=40, help_text=_("The six digits of your app, or one of your recovery codes."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "class": "medium"}
        ),
    )  # fmt: skip


class ConfirmationForm(forms.Form):
    """Still you? By everything somebody has: their password, and a code of their second factor."""

    password = password_field(_("Password"))
    code = CodeForm.base_fields["code"]

    def __init__(self, *args: Any, password: bool, code: bool) -> None:
        super().__init__(*args)
        for name, has in (("password", password), ("code", code)):
            if not has:
                del self.fields[name]


class AppearanceForm(forms.Form):
    """Language and theme, each as one button sends it."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    theme = forms.ChoiceField(choices=User.Theme, required=False)
