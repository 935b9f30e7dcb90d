"""Services, who uses them, and planned work on them."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from baken.record.catalogue.models import Service
from baken.record.orgs.models import Organisation
from baken.show.web.forms import fields


class ServiceForm(forms.Form):
    """A service: its name and what it is."""

    name = fields.line(_("Name"), help_text=_("As customers know it."))
    description = fields.text(
        _("Description"), required=False, limit=2_000, rows=3, help_text=_("What it does, and for whom.")
    )


class NewServiceForm(ServiceForm):
    """A new service, with the code by which addresses and programs name it."""

    field_order = ("name", "code", "description")

    code = forms.SlugField(
        label=_("Code"), max_length=64,
        help_text=_("Short, for addresses and programs: letters, digits and hyphens. It cannot be changed later."),
        error_messages={"invalid": _("Use letters, digits and hyphens, without spaces.")},
    )  # fmt: skip


class SubscriptionForm(forms.Form):
    """Which customer starts to use a service."""

    customer = fields.ByCode(_("Customer"))

    def __init__(self, data: Any = None, *, customers: QuerySet[Organisation], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        fields.offer(self, "customer", customers)


class UseForm(forms.Form):
    """Which service a customer starts to use."""

    service = fields.ByCode(_("Service"))

    def __init__(self, data: Any = None, *, services: QuerySet[Service], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        fields.offer(self, "service", services)


class MaintenanceForm(fields.MakingForm, UseForm):
    """Planned work. Times are on the reader's clock."""

    starts = fields.instant(_("Starts"))
    ends = fields.instant(_("Ends"))
    reason = fields.text(_("What is done, and what customers notice of it"), required=False, limit=2_000, rows=3)
