"""Filing a complaint, and handling one."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from baken.record.catalogue.models import Service
from baken.record.incidents.models import Incident
from baken.record.people.models import User
from baken.show.files import all_arrived
from baken.show.web.desk import words
from baken.show.web.forms import fields
from baken.show.web.forms.incidents import PersonChoice, ServiceChoice, choices


class ComplaintForm(fields.MakingForm):
    """A complaint about a service, and the incidents it is about."""

    subject = fields.line(_("What are you not satisfied with, in one line?"))
    message = fields.text(_("What happened?"), help_text=_("And what you would like us to do about it."))
    file = fields.files()

    def __init__(self, *args: Any, services: QuerySet[Service], incidents: Sequence[Incident], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"] = ServiceChoice(services, empty_label=None if len(services) == 1 else _("Choose one"))
        if incidents:
            self.fields["incidents"] = forms.TypedMultipleChoiceField(
                label=_("Which incidents is it about?"), required=False, coerce=int, empty_value=[],
                choices=[(row.number, f"#{row.number} {row.subject}") for row in incidents],
                widget=forms.CheckboxSelectMultiple,
            )  # fmt: skip
        self.order_fields(["service", "incidents", "subject", "message", "file"])

    def complaint(self) -> dict[str, Any]:
        """What the flow takes. Raises what a file was refused with."""
        given = self.said()
        return {"body": given.pop("message"), "files": all_arrived(given.pop("file")), **given}


class TakenDownForm(ComplaintForm):
    """A complaint that the manager takes down for a customer."""

    lodged = fields.instant(_("When was it received?"), required=False, help_text=_("Empty for now."))

    def __init__(self, *args: Any, contacts: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reporter"] = PersonChoice(
            contacts, label=_("Who complained?"), required=False, empty_label=_("Somebody without an account")
        )
        self.order_fields(["reporter", "lodged", "service", "incidents", "subject", "message", "file"])


class AnswerForm(forms.Form):
    """The customer adds something."""

    message = fields.text(_("Add something"), rows=4)
    file = fields.files()


class AcknowledgeForm(forms.Form):
    """The manager says that it is looked at."""

    message = fields.text(
        _("Message to the customer"), rows=4, help_text=_("That you look into it, and when they hear from you.")
    )


class RemarkForm(forms.Form):
    """For the customer, or for the file."""

    message = fields.text(_("Remark"), rows=4)
    file = fields.files()
    visible_to_customer = forms.BooleanField(label=_("The customer may read it"), required=False)


class DecideForm(forms.Form):
    """The outcome, with its reasons."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=choices(words.DECISION), widget=forms.RadioSelect)
    message = fields.text(_("Reasons"), rows=4, help_text=_("The customer reads them. A complaint is decided once."))


class LeaveOutForm(forms.Form):
    """Why it does not count."""

    outcome = forms.ChoiceField(label=_("Leave out as"), choices=choices(words.LEFT_OUT))
    message = fields.text(_("Reason"), rows=2, help_text=_("For the file; the customer does not read it."))
