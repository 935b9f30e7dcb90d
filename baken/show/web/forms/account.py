"""What somebody may change about themselves."""

from django import forms
from django.utils.translation import gettext_lazy as _

from baken.show.web import shortcuts
from baken.show.web.forms import fields
from baken.show.web.forms.session import password_field


class ProfileForm(forms.Form):
    """Name, language, time zone."""

    name = fields.line(_("Name"), help_text=_("As your colleagues and customers see it."), autocomplete="name")
    language = fields.language()
    zone = fields.zone(help_text=_("All times on the pages are shown in this zone."))


class PasswordForm(forms.Form):
    """A new password, by somebody who knows the present one."""

    current = password_field(_("Present password"))
    password = password_field(_("New password"), new=True, help_text=_("At least 12 characters. A sentence is good."))

    def __init__(self, *args: object, first: bool = False) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        if first:
            self.fields["current"].label = _("The password you were given")


class AuthenticatorForm(forms.Form):
    """The first code of a new app."""

    code = forms.CharField(
        label=_("Code"), max_length=20, help_text=_("The six digits that the app shows now."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "short"}),
    )  # fmt: skip


class PasskeyForm(forms.Form):
    """A new passkey; the browser fills in its answer."""

    name = fields.line(_("Name"), help_text=_("Of the device that keeps it, such as Laptop or Key on my key ring."))
    answer = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)


class PasskeyNameForm(forms.Form):
    """Another name for a passkey."""

    name = fields.line(_("Name"))


class ShortcutsForm(forms.Form):
    """The shortcuts somebody wants."""

    on = forms.MultipleChoiceField(label=_("Shortcuts that work"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: object, offered: list[shortcuts.Offered], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["on"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [
            (each.shortcut.code, f"{' '.join(each.shortcut.keys)} – {each.shortcut.label}") for each in offered
        ]
        self.initial.setdefault("on", [each.shortcut.code for each in offered if each.on])
