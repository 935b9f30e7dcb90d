"""How often somebody may ask for pages: counted as the API counts programs, and refused in words."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from baken.record.people import limits
from baken.record.people.limits import TooOften
from baken.record.people.network import address_of, counted_as
from baken.show.web.errors import hurried
from baken.show.web.middleware import BY_THEMSELVES, DRAFTS, QUESTIONS

READING = BY_THEMSELVES | QUESTIONS | {DRAFTS}
"""Names of what counts as a page that is read, though it may be posted."""


class Pace:
    """Counts a request for a page before what was sent with it is read; the API counts its own.

    It stands before `Uploads`, whose turn with the page comes after it, and knows who asks all the same: that is found
    out while requests come in, before any middleware is told which page it will be.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Django calls this when the page is known."""
        if request.path_info.startswith("/api/"):
            return None
        try:
            limits.spend(*_bucket(request))
        except TooOften as refusal:
            return hurried(refusal.wait)
        return None


def _bucket(request: HttpRequest) -> tuple[str, str]:
    """The policy and whose: a person's, or a network address's for whoever is not signed in."""
    if not request.user.is_authenticated:
        return "visitors", counted_as(address_of(request.META)) or "unknown"
    match = request.resolver_match
    looking = request.method in ("GET", "HEAD") or (match and match.url_name) in READING
    return ("pages" if looking else "posts"), str(request.user.pk)
