"""Customers, people and API tokens."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from baken.record.orgs.models import Organisation
from baken.record.people.access import Permission, Role
from baken.record.people.models import User
from baken.record.people.reads import by_email
from baken.show.web.forms import fields

ROLES = {
    Role.CUSTOMER: _("Customer – reports incidents, files complaints, reads the service level"),
    Role.AGENT: _("Agent – works on incidents"),
    Role.MANAGER: _("Service manager – handles complaints, seals reports, keeps audits and drills"),
    Role.ADMINISTRATOR: _("Administrator – keeps services, agreements, monitors and people"),
    Role.AUDITOR: _("Auditor – an outsider who sees the audits asked of them"),
}
ROLE_NAMES = {
    Role.CUSTOMER.value: _("customer"),
    Role.AGENT.value: _("agent"),
    Role.MANAGER.value: _("service manager"),
    Role.ADMINISTRATOR.value: _("administrator"),
    Role.AUDITOR.value: _("auditor"),
}
PERMISSIONS = {
    Permission.READ_INCIDENTS: _("read incidents"),
    Permission.REPORT_INCIDENTS: _("report incidents"),
    Permission.WORK_INCIDENTS: _("work on incidents"),
    Permission.FILE_COMPLAINTS: _("file complaints"),
    Permission.HANDLE_COMPLAINTS: _("handle complaints"),
    Permission.READ_KPIS: _("read KPIs"),
    Permission.SEAL_REPORTS: _("seal reports"),
    Permission.READ_CATALOGUE: _("read services and agreements"),
    Permission.WRITE_CATALOGUE: _("change services and agreements"),
    Permission.READ_MONITORS: _("read monitors and outages"),
    Permission.WRITE_MONITORS: _("change monitors and locations"),
    Permission.READ_AUDITS: _("read audits"),
    Permission.WRITE_AUDITS: _("write audits"),
    Permission.WRITE_DRILLS: _("record drills and reviews"),
    Permission.READ_ALERTS: _("read alerts of security tools"),
    Permission.WRITE_ALERTS: _("send alerts of security tools"),
    Permission.WRITE_PEOPLE: _("manage people and tokens"),
    Permission.READ_LOOKS: _("read who looked at customers' data"),
    Permission.CORRECT_FACTS: _("correct facts"),
}


def roles_field() -> forms.MultipleChoiceField:
    """Roles that a person holds."""
    choices = [(role.value, words) for role, words in ROLES.items()]
    return forms.MultipleChoiceField(label=_("Roles"), choices=choices, widget=forms.CheckboxSelectMultiple)


class CustomerForm(forms.Form):
    """A new customer."""

    name = fields.line(_("Name"))
    code = forms.SlugField(
        label=_("Code"), max_length=64,
        help_text=_("Short, for addresses and programs: letters, digits and hyphens. It cannot be changed later."),
        error_messages={"invalid": _("Use letters, digits and hyphens, without spaces.")},
    )  # fmt: skip
    language = fields.language()
    zone = fields.zone()


class CustomerNameForm(forms.Form):
    """Another name for a customer."""

    name = fields.line(_("Name"))


class PersonForm(forms.Form):
    """A new person."""

    organisation = fields.ByCode(_("Organisation"))
    name = fields.line(_("Name"))
    email = forms.EmailField(label=_("E-mail address"), max_length=200, help_text=_("They sign in with it."))
    roles = roles_field()

    def __init__(self, data: Any = None, *, organisations: QuerySet[Organisation], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        fields.offer(self, "organisation", organisations)

    def clean_roles(self) -> list[Role]:
        return [Role(code) for code in self.cleaned_data["roles"]]


class RolesForm(forms.Form):
    """The roles of a person."""

    roles = roles_field()

    def clean_roles(self) -> list[Role]:
        return [Role(code) for code in self.cleaned_data["roles"]]


class TokenForm(forms.Form):
    """A new API token."""

    name = fields.line(_("Name"), help_text=_("Which program has it, and where."))
    organisation = fields.ByCode(_("Organisation"), help_text=_("A token of a customer sees that customer alone."))
    role = forms.ChoiceField(label=_("Role"), choices=list(ROLE_NAMES.items()), initial=Role.AGENT.value)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=[(code.value, words) for code, words in PERMISSIONS.items()],
        widget=forms.CheckboxSelectMultiple, help_text=_("Of what its role may do. Choose as little as it needs."),
    )  # fmt: skip
    user = forms.EmailField(
        label=_("Acts for"), required=False,
        help_text=_("E-mail address of the person who answers for what it does. Empty: a program of its own."),
    )  # fmt: skip
    days = forms.IntegerField(
        label=_("Valid for, in days"), required=False, min_value=1, max_value=3_650,
        help_text=_("Empty: until it is revoked."), widget=forms.NumberInput(attrs={"class": "short"}),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, organisations: QuerySet[Organisation], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        fields.offer(self, "organisation", organisations)

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])

    def clean_user(self) -> User | None:
        address = self.cleaned_data["user"]
        found = by_email(address) if address else None
        if address and found is None:
            raise forms.ValidationError(_("Nobody here has this address."))
        return found
