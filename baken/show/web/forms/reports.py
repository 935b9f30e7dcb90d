"""What a period still needs before it is sealed."""

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from baken.record.incidents.models import Incident
from baken.show.web.forms import fields


class ImprovementForm(forms.Form):
    """What is done about a KPI that was missed or not proven."""

    cause = fields.text(_("Cause"), limit=5_000, rows=3, help_text=_("Why did it happen, or why is it not known?"))
    action = fields.text(
        _("Action"), limit=5_000, rows=3, help_text=_("What is done so that it does not happen again.")
    )
    owner = fields.line(_("Owner"), help_text=_("Who sees to it."))
    due = fields.day(_("Done by"))


class ConfirmClassesForm(forms.Form):
    """Incidents whose classes are right."""

    numbers = forms.TypedMultipleChoiceField(coerce=int, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: object, incidents: Sequence[Incident], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["numbers"]
        assert isinstance(field, forms.TypedMultipleChoiceField)
        field.choices = [(incident.number, f"#{incident.number}") for incident in incidents]
        field.error_messages["required"] = _("Select the incidents whose classes are right.")
