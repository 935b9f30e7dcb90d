"""The grade of the half-yearly security audit: which one is valid when."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from baken.domain.deadlines import months_after

VALID_MONTHS = 6


@dataclass(frozen=True, slots=True)
class Audit:
    """A signed-off audit by an external party.

    auditor, scope: codes; an audit takes the place of the same auditor's earlier one of the same scope.
    services: those the scope covers. signed_off: instant in microseconds. grade: the auditor's own, 1 to 10.
    """

    auditor: str
    scope: str
    services: frozenset[str]
    signed_off: int
    grade: Fraction

    def __post_init__(self) -> None:
        if not 1 <= self.grade <= 10:
            raise ValueError("grade: give the auditor's own grade, from 1 to 10; another scale is not converted")

    def expires(self, zone_name: str, grace_days: int) -> int:
        """The instant up to which the grade is valid: six calendar months from sign-off and the grace."""
        return months_after(zone_name, self.signed_off, VALID_MONTHS, grace_days)


def valid_before(audits: Iterable[Audit], service: str, zone_name: str, grace_days: int, t: int) -> list[Audit]:
    """The audits whose grade for a service is valid just before an instant, the lowest grade first.

    That is the one that counts, at the end of a period that ends at `t`. Raises UnknownZone.
    """
    latest: dict[tuple[str, str], Audit] = {}
    for audit in sorted(audits, key=lambda audit: audit.signed_off):
        if audit.signed_off < t:
            latest[audit.auditor, audit.scope] = audit
    valid = [
        audit for audit in latest.values() if service in audit.services and t <= audit.expires(zone_name, grace_days)
    ]
    return sorted(valid, key=lambda audit: (audit.grade, audit.signed_off, audit.auditor, audit.scope))


def last_expiry(audits: Iterable[Audit], service: str, zone_name: str, grace_days: int, t: int) -> int | None:
    """When the last grade for a service that had been signed off before an instant expired, or expires."""
    signed = [audit for audit in audits if audit.signed_off < t and service in audit.services]
    return max((audit.expires(zone_name, grace_days) for audit in signed), default=None)
