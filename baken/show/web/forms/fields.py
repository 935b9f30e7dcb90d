"""Fields that several forms have: zones, languages, lines, texts, lengths of time."""

import secrets
import zoneinfo
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from baken.domain.instants import EARLIEST, END
from baken.record.orgs.arriving import AT_ONCE
from baken.record.orgs.fields import LINE, TEXT

if TYPE_CHECKING:  # Django's fields take type arguments in the stubs alone
    Choice = forms.ModelChoiceField[Any]
else:
    Choice = forms.ModelChoiceField


class MakingForm(forms.Form):
    """A form that makes something new, and makes it once however often it is sent. See `show.web.sending`.

    sending: a word that is another on each page, by which it is known.
    """

    sending = forms.CharField(
        required=False, max_length=64, initial=lambda: secrets.token_urlsafe(16), widget=forms.HiddenInput
    )

    def said(self) -> dict[str, Any]:
        """What a person said in it."""
        return {name: value for name, value in self.cleaned_data.items() if name != "sending"}


class FilesInput(forms.FileInput):
    """Chooses several files."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name, [])


class FilesField(forms.FileField):
    """The files that come with a message, as they arrived: none, or a list. What is wrong with one the flow says."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return list(data or ())


def files() -> FilesField:
    """The field of attachments; it is called `file`, as the flows call one in their errors."""
    return FilesField(
        label=_("Attachments"), required=False, widget=FilesInput,
        help_text=format_lazy(
            _("At most {count} files of {most} MB each. Programs and scripts are not taken."),
            count=AT_ONCE, most=settings.BAKEN_FILE_LIMIT,
        ),
    )  # fmt: skip


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


def day(label: Any, *, help_text: Any = "", required: bool = True) -> forms.DateField:
    """A day. Browsers take it in this form alone, in every language: another shows as empty, and is saved as none."""
    widget, possible = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), _between(EARLIEST.date(), END.date())
    return forms.DateField(label=label, help_text=help_text, required=required, widget=widget, validators=[possible])


def instant(label: Any, *, help_text: Any = "", required: bool = True) -> forms.DateTimeField:
    """A date and time on the reader's clock, as an aware instant."""
    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "class": "medium"})
    possible = _between(EARLIEST, END)
    return forms.DateTimeField(
        label=label, help_text=help_text, required=required, widget=widget, validators=[possible]
    )


def _between(earliest: date, end: date) -> Callable[[date], None]:
    def check(given: date) -> None:
        if not earliest <= given < end:
            raise forms.ValidationError(_("Give a date from 1970 up to 2199."))

    return check


class ByCode(Choice):
    """One of some rows that have a code and a name."""

    def __init__(self, label: Any, **options: Any) -> None:
        options.setdefault("empty_label", None)
        super().__init__(queryset=None, to_field_name="code", label=label, **options)

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name or obj.code)


def offer(form: forms.Form, name: str, rows: QuerySet[Any]) -> None:
    """The rows that a field of a form lets choose from."""
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = rows


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
