"""What a program is told of how often it may ask: headers on every answer, and 429 when it is too often.

The headers are those of the IETF's draft "RateLimit header fields for HTTP", in the form of its tenth version.
"""

from django.http import HttpRequest, HttpResponse

from baken.record.people import limits
from baken.record.people.limits import Standing, TooOften
from baken.record.people.network import address_of, counted_as


def count(request: HttpRequest, policy: str, whose: str = "") -> None:
    """Count a request, of its network address when nobody is named. Raises TooOften."""
    try:
        standing = limits.spend(policy, whose or counted_as(address_of(request.META)) or "unknown")
    except TooOften as refusal:
        _of(request).append(refusal.standing)
        raise
    if standing is not None:
        _of(request).append(standing)


def told(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer, with every bucket that the request was counted in."""
    if counted := _of(request):
        seconds = int(limits.WINDOW.total_seconds())
        response.headers["RateLimit-Policy"] = ", ".join(f'"{one.policy}";q={one.quota};w={seconds}' for one in counted)
        response.headers["RateLimit"] = ", ".join(
            f'"{one.policy}";r={one.remaining};t={one.full_in}' for one in counted
        )
    return response


def _of(request: HttpRequest) -> list[Standing]:
    held: list[Standing] = request.__dict__.setdefault("standings", [])
    return held
