"""Reporting an incident, and everything that can be done about one.

The text of every action is called `message`, as the flows call it in their errors.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from baken.domain.deadlines import Step
from baken.domain.facts import Origin, Outcome, Waiting
from baken.record.catalogue.models import Service
from baken.record.incidents.models import Incident
from baken.record.people import reads as people
from baken.record.people.access import Caller
from baken.record.people.models import User
from baken.show.files import all_arrived
from baken.show.web.desk import words
from baken.show.web.desk.history import Event
from baken.show.web.forms import fields


def choices(codes: Mapping[str, Promise], *only: str) -> list[tuple[str, str | Promise]]:
    """The choices of a field: codes with their words, all of them or some."""
    return [(code, codes[code]) for code in only or codes]


if TYPE_CHECKING:  # Django's fields take type arguments in the stubs alone
    OneService = forms.ModelChoiceField[Service]
    OnePerson = forms.ModelChoiceField[User]
else:
    OneService = OnePerson = forms.ModelChoiceField


class ServiceChoice(OneService):
    """A service by its code."""

    def __init__(self, services: QuerySet[Service], **options: Any) -> None:
        super().__init__(services, to_field_name="code", label=_("Service"), **options)

    def label_from_instance(self, obj: Service) -> str:
        return obj.name


class PersonChoice(OnePerson):
    """A person by their name."""

    def label_from_instance(self, obj: User) -> str:
        return str(obj)


def classes_of(ticked: list[str]) -> list[str]:
    """The classes that were ticked; `other` is what is left when there is no other."""
    return [code for code in ticked if code != "other"] or ticked


def _level(label: Any, codes: Mapping[str, Promise], **options: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, choices=choices(codes), coerce=int, initial="2", widget=forms.RadioSelect, **options
    )


class _Report(fields.MakingForm):
    """What is wrong, how much, how soon."""

    subject = fields.line(_("What is wrong, in one line?"))
    message = fields.text(
        _("Tell us more"), required=False,
        help_text=_("Since when, where you see it, what you tried, what it says on the screen."),
    )  # fmt: skip
    file = fields.files()
    impact = _level(_("Who is affected?"), words.IMPACT)
    urgency = _level(_("How urgent is it?"), words.URGENCY)

    def __init__(self, *args: Any, services: QuerySet[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"] = ServiceChoice(services, empty_label=None if len(services) == 1 else _("Choose one"))


class ReportForm(_Report):
    """A customer reports an incident, in their own words."""

    concern = forms.MultipleChoiceField(
        label=_("What does it concern?"), required=False, choices=choices(words.CONCERN),
        help_text=_("Tick what fits. If nothing does, leave it."), widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["service", "subject", "message", "file", "concern", "impact", "urgency"])

    def report(self) -> dict[str, Any]:
        """What the flow takes. Raises what a file was refused with."""
        given = self.said()
        classes = given.pop("concern") or ["other"]
        return {"body": given.pop("message"), "files": all_arrived(given.pop("file")), "classes": classes, **given}


class CallerForm(forms.Form):
    """Whom a call is from: the first step of registering it."""

    customer = forms.ChoiceField(label=_("Customer"))

    def __init__(self, *args: Any, customers: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["customer"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Choose one")), *customers]


class RegisterForm(_Report):
    """Somebody at the desk registers what a caller says."""

    reported = fields.instant(
        _("When did the call begin?"), required=False, help_text=_("Empty for now. The clocks start there.")
    )
    classes = forms.MultipleChoiceField(
        label=_("Class"), choices=choices(words.CLASS), initial=["other"], widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, contacts: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reporter"] = PersonChoice(
            contacts, label=_("Who is calling?"), required=False, empty_label=_("Somebody without an account")
        )
        self.order_fields(["reporter", "reported", "service", "subject", "message", "file", "classes"])

    def report(self) -> dict[str, Any]:
        """What the flow takes. Raises what a file was refused with."""
        given = self.said()
        files = all_arrived(given.pop("file"))
        return {"body": given.pop("message"), "files": files, "origin": Origin.AGENT, **given}

    def clean_classes(self) -> list[str]:
        """Without `other` beside a class."""
        return classes_of(self.cleaned_data["classes"])


class ActionForm(forms.Form):
    """What an action needs to be told. `incident`, `caller` and `events` are for the choices of some."""

    def __init__(
        self, data: Any = None, *, caller: Caller, incident: Incident, events: Iterable[Event] = (), **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.caller, self.incident, self.events = caller, incident, events
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices and initial values."""


class NothingForm(ActionForm):
    """Nothing more to say."""


class MessageForm(ActionForm):
    """A text, with the last message that its writer has seen."""

    message = fields.text(_("Message"), rows=3)
    seen = forms.UUIDField(required=False, widget=forms.HiddenInput)


class FiledMessageForm(MessageForm):
    """A text, with files."""

    file = fields.files()


class ReplyForm(FiledMessageForm):
    """To the customer."""

    message = fields.text(_("Reply to the customer"), rows=4)


class NoteForm(FiledMessageForm):
    """To colleagues."""

    message = fields.text(_("Internal note"), rows=2)


class AnswerForm(FiledMessageForm):
    """From the customer."""

    message = fields.text(_("Your answer"), rows=5)


class CallForm(MessageForm):
    """What was said on the telephone."""

    message = fields.text(_("What was said? The customer can read it."), rows=3)
    began = fields.instant(_("When did the call begin?"), required=False, help_text=_("Empty for now."))


class TakeForm(ActionForm):
    """Taking it on; `over` from a colleague."""

    over = forms.BooleanField(required=False)


class AssignForm(ActionForm):
    """To somebody at the desk, or to nobody."""

    to = PersonChoice(User.objects.none(), label=_("Assign to"), required=False, empty_label=_("Nobody"))

    def prepare(self) -> None:
        field = self.fields["to"]
        assert isinstance(field, PersonChoice)
        field.queryset = people.agents()
        self.initial.setdefault("to", self.incident.assignee_id)


class WaitForm(MessageForm):
    """For whom, and what was asked."""

    field_order = ("on", "message")

    on = forms.TypedChoiceField(
        label=_("Wait for"), choices=choices(words.WAITING), coerce=Waiting, initial="customer",
        widget=forms.RadioSelect,
        help_text=_("The resolution time stands still while you wait for the customer."),
    )  # fmt: skip
    message = fields.text(
        _("Question or reason"), rows=3, help_text=_("The customer reads what you ask them, and nothing else.")
    )


class ResolveForm(FiledMessageForm):
    """What was done."""

    message = fields.text(_("What was done? The customer reads it."), rows=3)


class ReasonForm(MessageForm):
    """Why."""

    message = fields.text(_("Reason"), rows=2)


class ReopenForm(FiledMessageForm):
    """What is still wrong."""

    message = fields.text(_("What is still wrong?"), rows=3)


class WithdrawForm(MessageForm):
    """Why the customer needs no help any more."""

    message = fields.text(_("Why is it no longer needed?"), rows=2)


class PriorityForm(ReasonForm):
    """Impact × urgency, with the reason."""

    field_order = ("impact", "urgency", "message")

    impact = _level(_("Who is affected?"), words.IMPACT)
    urgency = _level(_("How urgent is it?"), words.URGENCY)

    def prepare(self) -> None:
        self.initial.setdefault("impact", self.incident.impact)
        self.initial.setdefault("urgency", self.incident.urgency)


class ClassesForm(ReasonForm):
    """The classes, with the reason."""

    field_order = ("classes", "message")

    classes = forms.MultipleChoiceField(
        label=_("Class"), choices=choices(words.CLASS), widget=forms.CheckboxSelectMultiple
    )

    def prepare(self) -> None:
        self.initial.setdefault("classes", self.incident.classes)

    def clean_classes(self) -> list[str]:
        """Without `other` beside a class."""
        return classes_of(self.cleaned_data["classes"])


class LeaveOutForm(ReasonForm):
    """Why it does not count."""

    field_order = ("outcome", "message")

    outcome = forms.TypedChoiceField(
        label=_("Leave out as"), choices=choices(words.OUTCOME, "rejected", "test", "spam", "withdrawn"),
        coerce=Outcome, help_text=_("The customer reads why it was rejected or withdrawn."),
    )  # fmt: skip


class MergeForm(ActionForm):
    """The incident that stays."""

    into = forms.IntegerField(
        label=_("Merge into number"), min_value=1,
        help_text=_("The other incident stays and takes the earliest report; this one becomes its duplicate."),
        widget=forms.NumberInput(attrs={"class": "short", "inputmode": "numeric"}),
    )  # fmt: skip


class OutageForm(ActionForm):
    """The outage it was part of."""

    outage = forms.IntegerField(
        label=_("Number of the outage's incident"), min_value=1,
        help_text=_("One that a monitor opened. It is resolved when that one is."),
        widget=forms.NumberInput(attrs={"class": "short", "inputmode": "numeric"}),
    )  # fmt: skip


class ConsentForm(ReasonForm):
    """Why the customer agrees to leave it out of the figures, and who of them said so."""

    field_order = ("cause", "message")

    cause = forms.ChoiceField(label=_("Cause"), choices=choices(words.CAUSE))
    message = fields.text(_("Who agreed, when and how? The customer reads it."), rows=2)


class RetractForm(ReasonForm):
    """Which fact was wrong."""

    field_order = ("seq", "message")

    seq = forms.TypedChoiceField(label=_("Which fact was wrong?"), coerce=int)
    message = fields.text(_("What was wrong about it?"), rows=2)

    def prepare(self) -> None:
        field = self.fields["seq"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (event.seq, f"{event.seq}. {event.who} {event.what}") for event in self.events if event.retractable
        ]


def _verdict(yes: Any, no: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=_("Verdict"), choices=[("yes", yes), ("no", no)], coerce=lambda code: code == "yes",
        widget=forms.RadioSelect,
    )  # fmt: skip


class RestorationForm(ReasonForm):
    """Whether the data came back."""

    field_order = ("restored", "message")

    restored = _verdict(_("The data is restored"), _("The data cannot be restored"))


class BreakInForm(ReasonForm):
    """Whether somebody was in."""

    field_order = ("confirmed", "message")

    confirmed = _verdict(_("Somebody broke in"), _("Nobody broke in"))


class AuthorityReportForm(ReasonForm):
    """A report to the authority that was sent."""

    field_order = ("step", "sent", "message")

    step = forms.TypedChoiceField(label=_("Which report was sent?"), choices=choices(words.STEP), coerce=Step)
    sent = fields.instant(_("When?"))
    message = fields.text(_("To whom, and under which number?"), rows=2)
