"""The service, customer and period that an address asks for, and the periods around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import BadRequest
from django.utils import formats
from django.utils.translation import gettext

from baken.domain.instants import to_us
from baken.domain.periods import Period, PeriodError, PeriodKind, from_dates
from baken.domain.zones import zone
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.orgs.models import Organisation
from baken.record.people import reads as people
from baken.record.people.access import Caller, NotFound
from baken.record.reports import scopes
from baken.record.reports.models import Snapshot
from baken.record.reports.scopes import Scope

NO_PERIOD = "these dates make no period; write them like 2026-03-01, in the years 1950 to 2149"
TOO_EARLY = "choose a shorter or a later period: the one before it, for comparison, has to begin in 1950 or later"
EARLIEST, LATEST = date(1950, 1, 1), date(2150, 1, 1)
"""Between which a period can be asked for."""
TREND = 13
"""How many periods a spark line shows, the one asked for included."""


@dataclass(frozen=True)
class Asked:
    """What is looked at. date_to is the first day that is not part of the period. customer: None for all of them."""

    service: Service
    customer: Organisation | None
    date_from: date
    date_to: date
    scope: Scope

    @property
    def address(self) -> str:
        """The query string that asks for this again."""
        return self.address_of(self.date_from, self.date_to)

    def address_of(self, date_from: date, date_to: date) -> str:
        """The same for other dates."""
        asked = {"service": self.service.code, "from": date_from.isoformat(), "to": date_to.isoformat()}
        if self.customer:
            asked["customer"] = self.customer.code
        return "?" + urlencode(asked)

    @property
    def kind(self) -> PeriodKind | None:
        """Month, quarter or year when the dates are just that."""
        return kind_of(self.date_from, self.date_to)

    @property
    def title(self) -> str:
        """The period in words."""
        return period_title(self.date_from, self.date_to)

    def step(self, count: int) -> tuple[date, date] | None:
        """The dates of the period so many later, or earlier with a negative count; None outside EARLIEST to LATEST."""
        try:
            date_from, date_to = self._later(self.date_from, count), self._later(self.date_to, count)
        except (OverflowError, ValueError):  # no date at all
            return None
        return (date_from, date_to) if date_from >= EARLIEST and date_to <= LATEST else None

    def _later(self, day: date, count: int) -> date:
        if self.kind is None:
            return day + (self.date_to - self.date_from) * count
        return months_later(day, self.kind * count)

    @property
    def previous(self) -> str | None:
        """The address of the period before; None, which `read` refuses, when that would begin before EARLIEST."""
        return self._address_of_step(-1)

    @property
    def next(self) -> str | None:
        """The address of the period after, None when that has not begun."""
        return self._address_of_step(1) if self.scope.period.end <= self.scope.as_of else None

    def _address_of_step(self, count: int) -> str | None:
        dates = self.step(count)
        return self.address_of(*dates) if dates else None

    def as_kind(self, kind: PeriodKind) -> str:
        """The address of the month, quarter or year around the first day."""
        return self.address_of(*around(kind, self.date_from))

    @property
    def past(self) -> list[tuple[date, date]]:
        """The dates of the periods of a spark line, the oldest first: those from EARLIEST on, at least two."""
        steps = (self.step(count) for count in range(1 - TREND, 1))
        return [dates for dates in steps if dates]

    @cached_property
    def zone(self) -> str:
        """The zone in which the period is cut: that of the agreement."""
        return self.scope.in_force.terms.zone

    @property
    def past_periods(self) -> list[Period]:
        """The same as instants."""
        return [from_dates(self.zone, *dates) for dates in self.past[:-1]] + [self.scope.period]


def this_month(service: Service) -> str:
    """The address of the month under way, of a service for everybody."""
    first, last = around(PeriodKind.MONTH, _today(service, service.organisation_id, clock.now()))
    return "?" + urlencode({"service": service.code, "from": first.isoformat(), "to": last.isoformat()})


def read(caller: Caller, query: Mapping[str, Any]) -> Asked | None:
    """What the query string asks for: the first service, everybody and the last closed month unless it says otherwise.

    None when there is no service to look at. Raises NotFound for what is not there or not the caller's, BadRequest for
    dates that make no period.
    """
    service = _service(caller, query.get("service", ""))
    if service is None:
        return None
    code = query.get("customer", "")
    customer = _customer(caller, code) if caller.staff and code else None
    owner = (customer.id if customer else service.organisation_id) if caller.staff else caller.organisation
    now = clock.now()
    date_from, date_to = _dates(query, _today(service, owner, now))
    try:
        scope = scopes.scope(
            caller, service=service, customer=customer, date_from=date_from, date_to=date_to, as_of=to_us(now)
        )
    except (PeriodError, OverflowError) as error:
        raise BadRequest(NO_PERIOD) from error
    if code and (scope.customer is None or scope.customer.code != code):
        raise NotFound("There is no such customer.")
    found = Asked(service, scope.customer, date_from, date_to, scope)
    if found.previous is None:
        raise BadRequest(TOO_EARLY)
    return found


def kind_of(date_from: date, date_to: date) -> PeriodKind | None:
    """Month, quarter or year when that is what lies between the dates."""
    return next((kind for kind in PeriodKind if around(kind, date_from) == (date_from, date_to)), None)


def around(kind: PeriodKind, day: date) -> tuple[date, date]:
    """The month, quarter or year in which a day lies: its first day, and the first day after it."""
    first = day.replace(month=(day.month - 1) // kind * kind + 1, day=1)
    return first, months_later(first, kind)


def months_later(day: date, count: int) -> date:
    """The first of the month so many months later. Days of a period of whole months are firsts."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return day.replace(year=year, month=month + 1)


def period_title(date_from: date, date_to: date) -> str:
    """A period in words: a month, a quarter, a year, or its first and its last day."""
    kind = kind_of(date_from, date_to)
    if kind is PeriodKind.MONTH:
        # Translators: a month, as Django's date format
        return formats.date_format(date_from, gettext("F Y"))
    if kind is PeriodKind.QUARTER:
        return gettext("Q%(number)s %(year)s") % {
            "number": date_from.month // 3 + 1,
            "year": date_from.year,
        }
    if kind is PeriodKind.YEAR:
        return str(date_from.year)
    # Translators: a day, as Django's date format
    first, last = (formats.date_format(day, gettext("j M Y")) for day in (date_from, date_to - timedelta(days=1)))
    return gettext("%(first)s to %(last)s") % {"first": first, "last": last}


def title_of(snapshot: Snapshot) -> str:
    """The period of a sealed report in words."""
    return period_title(*_dates_of(snapshot))


def address_of(snapshot: Snapshot) -> str:
    """The query string that asks for the same service, customer and period."""
    date_from, date_to = _dates_of(snapshot)
    asked = {"service": snapshot.service.code, "from": date_from.isoformat(), "to": date_to.isoformat()}
    if snapshot.customer:
        asked["customer"] = snapshot.customer.code
    return "?" + urlencode(asked)


def _dates_of(snapshot: Snapshot) -> tuple[date, date]:
    """The local dates between which its period was cut."""
    erased = not snapshot.content  # of a customer who was erased the report's own zone is gone too
    there = zone(snapshot.service.organisation.zone if erased else snapshot.content["report"]["zone"])
    return snapshot.period_from.astimezone(there).date(), snapshot.period_to.astimezone(there).date()


def _service(caller: Caller, code: str) -> Service | None:
    return catalogue.service(caller, code) if code else catalogue.services(caller).first()


def _customer(caller: Caller, code: str) -> Organisation:
    found = people.customers(caller).filter(code=code).first()
    if found is None:
        raise NotFound("There is no such customer.")
    return found


def _today(service: Service, owner: UUID | None, now: datetime) -> date:
    """The date in the zone of the agreement."""
    terms = catalogue.held_at(service.id, owner or service.organisation_id, now).terms
    return now.astimezone(zone(terms.zone)).date()


def _dates(query: Mapping[str, Any], today: date) -> tuple[date, date]:
    """Those asked for, else of the last closed month. A date that is none asks for nothing that exists."""
    asked = [query.get(name, "") for name in ("from", "to")]
    if not any(asked):
        first = today.replace(day=1)
        return months_later(first, -1), first
    try:
        date_from, date_to = (date.fromisoformat(text) for text in asked)
    except ValueError as error:
        raise BadRequest(NO_PERIOD) from error
    if date_to <= date_from:
        raise BadRequest(f"{date_to} is not after {date_from}; the last date is not part of the period")
    if date_from < EARLIEST or date_to > LATEST:
        raise BadRequest(NO_PERIOD)
    return date_from, date_to


def titles(dates: Sequence[tuple[date, date]]) -> list[str]:
    """Periods in words."""
    return [period_title(*pair) for pair in dates]
