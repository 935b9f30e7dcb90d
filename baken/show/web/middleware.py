"""What every request gets: its caller, the reader's language and zone, and a strict content policy."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext

from baken.domain.zones import zone
from baken.record.ledger.signals import write_unopened
from baken.record.looks.answers import written_down
from baken.record.orgs import opened, unopened
from baken.record.people import security_log
from baken.record.people.access import NOBODY, Caller
from baken.record.people.acting import acting, fall_silent, say, step_by_step
from baken.record.people.models import User
from baken.record.people.network import address_of
from baken.record.people.reads import caller_of
from baken.record.people.sessions import note_use
from baken.show.files import let_go
from baken.show.web import entering, errors

Handler = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)


BY_THEMSELVES = frozenset({"incidents-changes", "incident-presence", "erasure"})
"""What open pages ask for while nobody does anything: no use of a session."""
DRAFTS = "incident-draft"
"""What an open page sends at every pause of somebody who writes: use of a session, and nothing they sent."""


QUESTIONS = frozenset({"search", "incidents"})
"""What is posted so that it stands in no address, and changes nothing."""


class PageRequest(HttpRequest):
    """A request as the pages see it, after `Reader`."""

    caller: Caller


HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # nothing of a customer's stays in a browser's or a proxy's store
}


REFUSED = frozenset({400, 401, 403, 405, 413, 429})
"""Answers to what should not have been asked: not let in, too much, too often, not to be read."""


class ContentSecurityPolicy:
    """No script or style but our own files, no device, nothing kept and nothing for another site to embed."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class Door:
    """Around everything: a request comes in as nobody, and leaves a connection that asks for nobody."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            say(NOBODY)
        except errors.SILENCE:
            if not request.path_info.startswith("/api/"):  # which meets the same, and says so in its own form
                with translation.override(translation.get_language_from_request(request)):
                    return errors.unavailable()
        try:
            response = self.get_response(request)
            if response.status_code in REFUSED:
                _note_refusal(request, response.status_code)
            if isinstance(response, StreamingHttpResponse):  # its pieces are made when nobody stands around it any more
                response.streaming_content = step_by_step(_asking(request), iter(response))
            return response
        finally:
            with suppress(OperationalError, InterfaceError):
                fall_silent()


def _note_refusal(request: HttpRequest, status: int) -> None:
    match = request.resolver_match
    security_log.note(
        "request.refused", status=status, actor=_asking(request).actor, method=request.method,
        page=match.route if match else None, address=address_of(request.META),
    )  # fmt: skip


def _asking(request: HttpRequest) -> Caller:
    """Who turned out to ask: whose token it is, or whose session."""
    auth = getattr(request, "auth", None)
    return auth if isinstance(auth, Caller) else getattr(request, "caller", NOBODY)


class Unopened:
    """Words stand in the place of what does not open, and that goes on the ledger once nothing is under way any more.

    Programs get the same words whatever language they ask for.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        words = unopened.WORDS if request.path_info.startswith("/api/") else None
        with unopened.showing(lambda: words or gettext("(cannot be read: it was changed in the database)")):
            response = self.get_response(request)
        write_unopened()
        return response


class Uploads:
    """Tells the upload handler where files go, as the page says it; before anybody reads the form.

    Afterwards, what did not arrive whole or was taken by no flow goes.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            let_go(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Django calls this when the page is known, and before anybody reads what was sent to it.

        What is large is not even waited for, where no file is taken or from whom none is.
        """
        large = getattr(request, "large", False) and not request.path_info.startswith("/api/")  # which knows tokens
        receives = getattr(view, "receives", None)
        if receives is None:
            return errors.answer(request, 413) if large else None
        if not isinstance(request.user, User):
            return entering.to_sign_in(request) if large else None
        if entering.owes_factor(request, request.user):
            return entering.to_second_step(request, request.user) if large else None
        if entering.owes_password(request):
            return redirect("account-password") if large else None
        if entering.lacks_factor(request, request.caller):  # type: ignore[attr-defined]
            return redirect("security") if large else None
        request.receives = lambda asked: receives(asked, *args, **kwargs)  # type: ignore[attr-defined]
        return None


class Reader:
    """Turns the session into a caller, and speaks the reader's language in the reader's zone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        request.caller = caller_of(user) if user.is_authenticated else NOBODY  # type: ignore[attr-defined]
        if not user.is_authenticated:
            return self.get_response(request)
        with acting(request.caller), translation.override(user.language), timezone.override(zone(user.zone)):  # type: ignore[attr-defined]
            response = self.get_response(request)
            if getattr(request.resolver_match, "url_name", None) not in BY_THEMSELVES:
                note_use(request.session)  # type: ignore[arg-type]  # SESSION_ENGINE is ours
            response.headers["Content-Language"] = user.language
            return response


class Looks:
    """Writes down what of customers the provider's people were shown, before they are.

    The innermost of all: it knows the caller, and what it cannot write down becomes an error page instead. An answer
    without a body shows nothing. What the API shows, the API writes down.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        notes = opened.Notes()
        with opened.noting(notes):
            response = self.get_response(request)
        match = request.resolver_match
        page = (match and match.url_name) or "page"
        return written_down(request.caller, notes, response, door="web", page=page)  # type: ignore[attr-defined, return-value]
