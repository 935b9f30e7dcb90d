"""What the desk's queue is asked for."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from baken.record.incidents.reads import VIEWS
from baken.show.web.desk import words as said
from baken.show.web.searching import LONGEST

Choices = Iterable[tuple[str, str | Promise]]


def _any(label: Any, choices: Choices) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", _("All")), *choices])


class QueueForm(forms.Form):
    """A view or words to search for, and how it is narrowed."""

    view = forms.ChoiceField(
        required=False, choices=[(view, said.VIEW[view]) for view in VIEWS], widget=forms.HiddenInput
    )
    words = forms.CharField(
        label=_("Words or a number"), required=False, max_length=LONGEST,
        widget=forms.TextInput(attrs={"type": "search", "data-shortcut": "search"}),
    )  # fmt: skip

    def __init__(self, *args: Any, services: Choices, customers: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "queue-%s"
        self.fields["service"] = _any(_("Service"), services)
        self.fields["customer"] = _any(_("Customer"), customers)
        self.fields["priority"] = _any(_("Priority"), said.PRIORITY.items())
        self.fields["class"] = _any(_("Class"), said.CLASS.items())
