"""The grade of the half-yearly security audit: which one is valid when."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from baken.domain.deadlines import months_after

VALID_MONTHS = 6


def expiry(zone_name: str, signed_off: int, grace_days: int) -> int:
    """The instant up to which a grade is valid: six calendar months from its sign-off and the grace.

    Zone and grace are those that were agreed when it was signed off; a later agreement moves nothing. Instants in
    microseconds. Raises UnknownZone.
    """
    return months_after(zone_name, signed_off, VALID_MONTHS, grace_days)


@dataclass(frozen=True, slots=True)
class Audit:
    """A signed-off audit by an external party.

    auditor, scope: codes; an audit takes the place of the same auditor's earlier one of the same scope. services:
    those the scope covers. signed_off, until: when its grade begins and ends to be valid, instants in microseconds.
    grade: the auditor's own, 1 to 10. own: the auditor signed it off themself; otherwise the provider entered it.
    """

    auditor: str
    scope: str
    services: frozenset[str]
    signed_off: int
    until: int
    grade: Fraction
    own: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.grade <= 10:
            raise ValueError("grade: give the auditor's own grade, from 1 to 10; another scale is not converted")


def standing(audits: Iterable[Audit], service: str, t: int) -> list[Audit]:
    """The audits of a service signed off before an instant whose place no later one has taken, expired or not.

    What the provider entered takes the place of what it entered before, and of nothing that an auditor signed: those
    stand beside each other, and the lower grade counts.
    """
    latest: dict[tuple[str, str, bool], Audit] = {}
    for audit in sorted(audits, key=lambda audit: audit.signed_off):
        if audit.signed_off < t:
            latest[audit.auditor, audit.scope, audit.own] = audit
            if audit.own:
                latest.pop((audit.auditor, audit.scope, False), None)
    return [audit for audit in latest.values() if service in audit.services]


def valid_before(audits: Iterable[Audit], service: str, t: int) -> list[Audit]:
    """The audits whose grade for a service is valid just before an instant, the lowest grade first.

    That is the one that counts, at the end of a period that ends at `t`.
    """
    valid = [audit for audit in standing(audits, service, t) if t <= audit.until]
    return sorted(valid, key=lambda audit: (audit.grade, audit.signed_off, audit.auditor, audit.scope))


def longest(audits: Iterable[Audit], service: str, t: int) -> Audit | None:
    """Of those that stand before an instant the one that is valid longest, or was: when it ends, no grade is left."""
    return max(standing(audits, service, t), key=lambda audit: (audit.until, audit.signed_off), default=None)
