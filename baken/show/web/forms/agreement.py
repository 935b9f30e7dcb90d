"""The terms of an agreement as one page of fields, and back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from baken.domain.agreements import Basis, MaintenanceTerms, ResponseCounts, Target, Terms
from baken.domain.calendars.holiday_dates import known_countries
from baken.domain.facts import Priority
from baken.domain.instants import SECOND, to_datetime
from baken.domain.kpis import KPIS, Unit
from baken.domain.periods import month as month_of
from baken.show.web.desk.words import PRIORITY
from baken.show.web.forms import fields
from baken.show.web.forms.durations import DurationField
from baken.show.web.forms.hours import CalendarForm
from baken.show.web.kpis.words import NAMES
from baken.show.web.wording import countries

PRIORITIES = {priority: PRIORITY[priority.value] for priority in Priority}
BASES = ((Basis.WORKING.value, _("working time")), (Basis.ELAPSED.value, _("elapsed time")))
RESPONSES = (
    (ResponseCounts.REPLY.value, _("A reply the customer can see, or a call")),
    (ResponseCounts.PICKUP.value, _("A person at the desk takes the incident on")),
)


class GeneralForm(forms.Form):
    """What holds for the agreement as a whole."""

    valid_from = forms.ChoiceField(label=_("Valid from"), help_text=_("An agreement changes at the start of a month."))
    zone = fields.zone(help_text=_("Hours are on the clocks of this zone, and months begin at its midnight."))
    response_counts = forms.ChoiceField(
        label=_("What counts as the response"), choices=RESPONSES, widget=forms.RadioSelect
    )
    supplier_stops_clock = forms.BooleanField(
        label=_("The resolution clock stands still while the incident waits for a supplier"), required=False
    )
    notice = DurationField(
        label=_("Maintenance is announced at least"), days=True, zero=True, required=False,
        help_text=_("Before it starts, such as 5 d. Work announced later is measured as it was seen."),
    )  # fmt: skip
    monthly_maximum = DurationField(
        label=_("Maintenance in a month at most"), zero=True, required=False, help_text=_("Such as 4 h.")
    )
    coverage = forms.DecimalField(
        label=_("Share of the time that must have been measured, in %"), min_value=Decimal("0.01"), max_value=100,
        max_digits=8, decimal_places=5, help_text=_("Uptime with less is not proven. Usually 99."),
        widget=forms.NumberInput(attrs={"class": "short", "step": "any"}),
    )  # fmt: skip
    drill_every = DurationField(
        label=_("A restore drill at least every"), days=True, required=False,
        help_text=_("Such as 90 d. Empty: none was agreed."),
    )  # fmt: skip
    audit_grace_days = forms.IntegerField(
        label=_("Days that an audit grade stays valid beyond its six months"), min_value=0, max_value=366,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )  # fmt: skip
    complaint_acknowledge = DurationField(label=_("Complaints are acknowledged within"), days=True)

    def __init__(self, data: Any = None, *, months: Sequence[date] | None, terms: Terms, **kwargs: Any) -> None:
        super().__init__(data, initial=_general(terms), **kwargs)
        if months is None:
            del self.fields["valid_from"], self.fields["zone"]
            return
        field = self.fields["valid_from"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(f"{month:%Y-%m}", formats.date_format(month, gettext("F Y"))) for month in months]


class TargetForm(forms.Form):
    """The agreed times of one priority."""

    response = DurationField(label=_("Respond within"), required=False)
    resolution = DurationField(label=_("Resolve within"), required=False)
    basis = forms.ChoiceField(label=_("Counted in"), choices=BASES)

    def __init__(self, data: Any = None, *, legend: Any, target: Target, **kwargs: Any) -> None:
        agreed = {"response": target.response, "resolution": target.resolution, "basis": target.basis.value}
        super().__init__(data, initial=agreed, **kwargs)
        self.legend = legend

    def target(self) -> Target:
        """The times as a value."""
        given = self.cleaned_data
        return Target(given["response"], given["resolution"], Basis(given["basis"]))


class KpiTargetsForm(forms.Form):
    """The target of each KPI; one that is left empty is not judged."""

    legend = _("Targets of the KPIs")

    def __init__(self, data: Any = None, *, targets: Mapping[str, Fraction], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for code, definition in KPIS.items():
            self.fields[code] = _kpi_field(code, definition.unit)
            if code in targets:
                self.initial[code] = _kpi_initial(targets[code], definition.unit)

    def targets(self) -> dict[str, Fraction]:
        """The targets as exact values."""
        return {
            code: Fraction(value, SECOND) if KPIS[code].unit is Unit.SECONDS else Fraction(value)
            for code, value in self.cleaned_data.items()
            if value is not None
        }


class AgreementForms:
    """Every field of an agreement, in the parts that the page shows.

    months: from when it can hold; None where that and the zone are asked elsewhere on the page.
    """

    def __init__(self, data: Any = None, *, terms: Terms, months: Sequence[date] | None) -> None:
        self.general = GeneralForm(data, prefix="general", months=months, terms=terms)
        self.is_bound = data is not None
        hours, targets = terms.service_hours, terms.targets
        self.hours = {
            each: CalendarForm(data, prefix=f"hours-{each.value}", legend=_hours_legend(each), rule=hours[each])
            for each in Priority
        }
        self.peak = CalendarForm(data, prefix="peak", legend=_("Peak hours"), rule=terms.peak)
        self.maintenance = CalendarForm(
            data, prefix="maintenance", legend=_("Maintenance windows"), rule=terms.maintenance.windows, optional=True
        )
        self.targets = {
            each: TargetForm(data, prefix=f"target-{each.value}", legend=_target_legend(each), target=targets[each])
            for each in Priority
        }
        self.kpis = KpiTargetsForm(data, prefix="kpi", targets=terms.kpi_targets)

    def __iter__(self) -> Iterator[forms.Form]:
        yield from (self.general, *self.hours.values(), self.peak, self.maintenance, *self.targets.values(), self.kpis)

    @property
    def calendars(self) -> list[CalendarForm]:
        """Service hours and peak hours, in the order of the page."""
        return [*self.hours.values(), self.peak]

    def countries(self) -> list[tuple[str, str]]:
        """Countries whose public holidays are known."""
        return countries(known_countries())

    @property
    def errors(self) -> bool:
        """Whether any part has an error."""
        return any(form.errors for form in self)

    def is_valid(self) -> bool:
        """Whether every part is complete and in itself right; all of them are asked, so that all errors show."""
        return not [form for form in self if not form.is_valid()]

    def valid_from(self) -> datetime:
        """The start of the chosen month in the agreement's zone."""
        year, month = map(int, self.general.cleaned_data["valid_from"].split("-"))
        return to_datetime(month_of(self.general.cleaned_data["zone"], year, month).start)

    def terms(self, zone: str = "") -> Terms:
        """The terms as a value, in the zone given or else the one chosen here.

        Raises AgreementError or CalendarError when they do not hold together.
        """
        given = self.general.cleaned_data
        zone = zone or given["zone"]
        hours = {priority: form.rule(zone) for priority, form in self.hours.items()}
        return Terms(
            zone=zone,
            service_hours={priority: rule for priority, rule in hours.items() if rule is not None},
            peak=_there(self.peak.rule(zone)),
            targets={priority: form.target() for priority, form in self.targets.items()},
            response_counts=ResponseCounts(given["response_counts"]),
            supplier_stops_clock=given["supplier_stops_clock"],
            maintenance=MaintenanceTerms(
                self.maintenance.rule(zone), given["notice"] or 0, given["monthly_maximum"] or 0
            ),
            kpi_targets=self.kpis.targets(),
            coverage=Fraction(given["coverage"]) / 100,
            drill_every=given["drill_every"],
            audit_grace_days=given["audit_grace_days"],
            complaint_acknowledge=given["complaint_acknowledge"],
        )


def _there(rule: Any) -> Any:
    assert rule is not None  # a calendar that is not optional has hours, or its form has an error
    return rule


def _hours_legend(priority: Priority) -> str:
    return gettext("Service hours, %(priority)s priority") % {"priority": PRIORITIES[priority]}


def _target_legend(priority: Priority) -> str:
    return gettext("Agreed times, %(priority)s priority") % {"priority": PRIORITIES[priority]}


def _general(terms: Terms) -> dict[str, Any]:
    return {
        "zone": terms.zone,
        "response_counts": terms.response_counts.value,
        "supplier_stops_clock": terms.supplier_stops_clock,
        "notice": terms.maintenance.notice or None,
        "monthly_maximum": terms.maintenance.monthly_maximum or None,
        "coverage": _decimal(terms.coverage * 100),
        "drill_every": terms.drill_every,
        "audit_grace_days": terms.audit_grace_days,
        "complaint_acknowledge": terms.complaint_acknowledge,
    }


def _kpi_field(code: str, unit: Unit) -> forms.Field:
    label = f"{code} – {NAMES[code]}"
    if unit is Unit.SECONDS:
        return DurationField(label=label, required=False)
    if unit is Unit.COUNT:
        return forms.IntegerField(label=label, required=False, min_value=0, max_value=1_000_000)
    low, high = (0, 100) if unit is Unit.PERCENT else (1, 10)
    return forms.DecimalField(
        label=label, required=False, min_value=low, max_value=high, max_digits=12, decimal_places=9,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )  # fmt: skip


def _kpi_initial(target: Fraction, unit: Unit) -> Any:
    if unit is Unit.SECONDS:
        return int(target * SECOND)
    return int(target) if unit is Unit.COUNT else _decimal(target)


def _decimal(value: Fraction) -> Decimal:
    """A share or percentage as people wrote it; nine decimals are more than anybody does."""
    return Decimal(format(Decimal(round(value * 10**9)).scaleb(-9).normalize(), "f"))
