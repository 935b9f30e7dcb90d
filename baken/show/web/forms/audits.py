"""Audits: what is asked of an auditor, and what the auditor says."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from baken.record.audits.models import Finding
from baken.record.catalogue.models import Service
from baken.record.people.models import User
from baken.show.web.forms import fields
from baken.show.web.templatetags.service_level import SEVERITIES


class OpenAuditForm(fields.MakingForm):
    """A new audit, asked of an external party."""

    services = forms.MultipleChoiceField(
        label=_("Services in scope"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The grade counts for these services."),
    )
    invited = forms.ChoiceField(
        label=_("Auditor"),
        required=False,
        help_text=_("Somebody with the role auditor, who fills it in and signs off. They see this audit and no other."),
    )
    period_from = fields.day(_("Audited period, from"))
    period_to = fields.day(_("Audited period, up to and including"))
    next_due = fields.day(_("Next audit due"), required=False, help_text=_("Grades are valid for six months."))

    def __init__(self, *args: Any, services: Iterable[Service], auditors: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._services = {service.code: service for service in services}
        self._auditors = {str(user.id): user for user in auditors}
        _choices(self, "services", [(code, service.name) for code, service in self._services.items()])
        nobody = [("", _("nobody: I fill it in myself"))]
        _choices(self, "invited", [*nobody, *((id, f"{user} <{user.email}>") for id, user in self._auditors.items())])

    def clean_services(self) -> list[Service]:
        """The services themselves."""
        return [self._services[code] for code in self.cleaned_data["services"]]

    def clean_invited(self) -> User | None:
        """The auditor themself."""
        return self._auditors.get(self.cleaned_data["invited"])


class DescribeForm(forms.Form):
    """What the audit says of itself."""

    auditor = fields.line(_("Auditor"), help_text=_("The party that audits, with the person who signs."))
    accreditation = fields.line(_("Accreditation"), help_text=_("For example a register and the number in it."))
    independence = fields.text(
        _("Independence"), limit=5_000, rows=3, help_text=_("Why the auditor is independent of the provider.")
    )
    scope = fields.text(_("Scope"), limit=10_000, rows=4, help_text=_("What was looked at."))
    exclusions = fields.text(
        _("Exclusions"), limit=10_000, rows=3, required=False, help_text=_("What was not looked at, and why.")
    )
    method = fields.text(_("Method"), limit=5_000, rows=3, help_text=_("How it was looked at."))
    period_from = fields.day(_("Audited period, from"))
    period_to = fields.day(_("Audited period, up to and including"))
    next_due = fields.day(_("Next audit due"), required=False)


class InviteForm(forms.Form):
    """Another auditor instead of the one who was asked."""

    invited = forms.ChoiceField(
        label=_("Auditor"),
        help_text=_("They see what was filled in, and say anew who audits. Findings stay, to be changed by them."),
    )
    reason = fields.text(_("Why?"), limit=5_000, rows=3, help_text=_("It stays with the audit."))

    def __init__(self, *args: Any, auditors: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._auditors = {str(user.id): user for user in auditors}
        _choices(self, "invited", [(id, f"{user} <{user.email}>") for id, user in self._auditors.items()])

    def clean_invited(self) -> User:
        """The auditor themself."""
        return self._auditors[self.cleaned_data["invited"]]


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = fields.text(_("Why?"), limit=5_000, rows=3)


class FindingForm(forms.Form):
    """One finding."""

    title = fields.line(_("Finding"), help_text=_("In one line."))
    detail = fields.text(_("Explanation"), limit=10_000, rows=4, required=False)
    severity = forms.ChoiceField(
        label=_("Severity"), choices=lambda: [(code.value, SEVERITIES[code.value]) for code in Finding.Severity]
    )
    owner = fields.line(_("Owner"), required=False, help_text=_("Who solves it."))
    deadline = fields.day(_("Solved by"), required=False)


class NewFindingForm(fields.MakingForm, FindingForm):
    """One more finding."""


class ClosureForm(forms.Form):
    """Why a finding is solved."""

    evidence = fields.text(
        _("What shows that it is solved?"), limit=10_000, rows=4,
        help_text=_("What was done, who checked it, and where that can be looked up. The auditor reads it."),
    )  # fmt: skip


class ReportFileForm(forms.Form):
    """The signed report."""

    file = forms.FileField(
        label=_("Signed report"),
        help_text=format_lazy(
            _(
                "A PDF, an OpenDocument or Office file, plain text or an image, at most {most} MB. What is signed off "
                "is this very file: its digest is kept with the grade."
            ),
            most=settings.BAKEN_FILE_LIMIT,
        ),
    )


class SignOffForm(forms.Form):
    """The grade, after which nothing changes."""

    grade = forms.DecimalField(
        label=_("Grade"),
        min_value=Decimal("1.0"),
        max_value=Decimal("10.0"),
        max_digits=3,
        decimal_places=1,
        localize=True,
        help_text=_("From 1.0 to 10.0. It is the auditor's own grade; another scale is not converted."),
        error_messages=dict.fromkeys(("min_value", "max_value"), _("Give a grade from 1.0 to 10.0.")),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "short"}),
    )
    version = forms.CharField(widget=forms.HiddenInput, max_length=100)
    certain = forms.BooleanField(label=_("I know that nothing of this audit can be changed after the sign-off"))


def _choices(form: forms.Form, name: str, choices: list[tuple[str, Any]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
