"""Restore drills and security reviews."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from baken.record.catalogue.models import Service
from baken.record.recovery.models import Drill
from baken.show.web.forms import fields


class _OfService(fields.MakingForm):
    """What was done for a service."""

    service = forms.ChoiceField(label=_("Service"))

    def __init__(self, *args: Any, services: Iterable[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._services = {service.code: service for service in services}
        field = self.fields["service"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, service.name) for code, service in self._services.items()]

    def clean_service(self) -> Service:
        """The service itself."""
        return self._services[self.cleaned_data["service"]]


class DrillForm(_OfService):
    """A restore drill that is over."""

    finished = fields.instant(
        _("Finished"), help_text=_("When it was clear whether the data came back. In your own time zone.")
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[
            (Drill.Outcome.PASSED.value, _("passed: the data came back")),
            (Drill.Outcome.FAILED.value, _("failed: it did not, or not all of it")),
        ],
        widget=forms.RadioSelect,
        help_text=_("A failed drill opens an integrity incident by itself."),
    )
    remarks = fields.text(
        _("Remarks"), limit=10_000, rows=4, required=False, help_text=_("Which backup, restored to where.")
    )


class ReviewForm(_OfService):
    """Somebody looked for break-ins."""

    began = fields.instant(_("Reviewed from"))
    ended = fields.instant(
        _("Reviewed up to"), help_text=_("In this span somebody looked for break-ins; only there is none found none.")
    )
    remarks = fields.text(
        _("Remarks"), limit=10_000, rows=4, required=False,
        help_text=_("What was looked at. Report what was found as an incident."),
    )  # fmt: skip
