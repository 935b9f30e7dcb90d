"""How somebody gets in: by a password and perhaps a second step, a passkey, or an identity provider.

What a session knows of it: `strong` when there was a second factor, `first` when the password was one that was made
for them, `shown` when it was last shown who they are, and while somebody is on the way in `step`, `challenge` or
`away`. A challenge and a way back are taken out before they are looked at, so each is good for one answer.
"""

import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from baken.record.ledger import clock
from baken.record.people import devices, factors, sessions
from baken.record.people.access import Caller
from baken.record.people.models import User
from baken.show.web.device import session_of

PATIENCE = timedelta(minutes=10)
"""How long the second step, or the answer to a challenge, may take."""
WORTH_KEEPING = 40
"""Characters of a text that somebody would rather not write again."""
SECRET = re.compile("password|current|secret|token|code|key")
"""Names of fields whose content is not shown."""
RECENT = timedelta(minutes=10)
"""How long it counts that somebody has shown who they are, for what changes how one gets in."""


class OnTheWay(NamedTuple):
    """Who is between the first step and the second, and where they want to go. first: it was a first password."""

    user: User
    to: str
    first: bool


def in_or_on(request: HttpRequest, user: User, to: str, *, first: bool = False) -> HttpResponse:
    """After the first step: on to the second for whoever has one, and in for the others. first: see `OnTheWay`."""
    if not factors.holds(user):
        return enter(request, user, to, strong=False, first=first)
    sessions.renew(request.session)
    return to_second_step(request, user, to, first=first)


def enter(request: HttpRequest, user: User, to: str, *, strong: bool, first: bool = False) -> HttpResponse:
    """In, under a new session key. strong: by more than a password. first: by one that somebody made for them."""
    request.session.pop("step", None)
    request.session.pop("ends", None)
    if request.user.is_authenticated:  # Django keeps the key of somebody who is in already
        sessions.renew(request.session)
    auth.login(request, user)
    if request.session.session_key is None:  # Django has begun anew: the password is another than a moment ago
        request.session.create()
    request.session["strong"] = strong
    request.session["first"] = first
    sessions.begin(user, **session_of(request))
    response = redirect(to)
    response.set_cookie(
        settings.BAKEN_DEVICE_COOKIE, devices.word_for(user), max_age=devices.LIFE, samesite="Lax", httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return response


def stamp(request: HttpRequest, **_signal: Any) -> None:
    """Remember that somebody has shown just now who they are. Told of every sign-in too."""
    request.session["shown"] = clock.now().isoformat()


def confirm(request: HttpRequest) -> None:
    """Somebody who is in has shown again who they are: their session goes on under a new key."""
    sessions.renew(request.session)
    stamp(request)


def strengthen(request: HttpRequest) -> None:
    """Somebody who is in has just used a second factor: so they have shown who they are, and the session is strong."""
    confirm(request)
    request.session["strong"] = True
    request.session.pop("step", None)


def waiting(request: HttpRequest) -> OnTheWay | None:
    """Who is between the first step and the second."""
    step = request.session.get("step")
    if not step or _late(step["at"], PATIENCE):
        return None
    user = User.objects.filter(id=step["user"], is_active=True).first()
    return OnTheWay(user, step["to"], step["first"]) if user else None


def is_recent(request: HttpRequest) -> bool:
    """Whether somebody has shown lately who they are."""
    return "shown" in request.session and not _late(request.session["shown"], RECENT)


def owes_factor(request: HttpRequest, user: User) -> bool:
    """Whether this person has a second factor and their session was shown none: it began before, or elsewhere."""
    return not request.session.get("strong") and factors.holds(user)


def lacks_factor(request: HttpRequest, caller: Caller) -> bool:
    """Whether a second factor is asked of this caller and their session has none."""
    return not request.session.get("strong") and factors.demanded(caller.roles)


def owes_password(request: HttpRequest) -> bool:
    """Whether somebody got in with a first password, and has to choose one of their own before anything else."""
    return bool(request.session.get("first"))


def to_second_step(request: HttpRequest, user: User, to: str = "/", *, first: bool = False) -> HttpResponse:
    """To where somebody uses the second factor they have."""
    first = first or owes_password(request)
    request.session["step"] = {"user": str(user.id), "to": to, "first": first, "at": clock.now().isoformat()}
    return redirect("sign-in-step")


def to_confirmation(request: HttpRequest) -> HttpResponse:
    """To where somebody shows again who they are, and from there on to where they were going.

    What was posted cannot be repeated: then to the page on which they pressed the button.
    """
    if request.method in ("GET", "HEAD") and not _of_a_part(request):
        return again("confirmation", request.get_full_path())
    return again("confirmation", _asked_on(request) or resolve_url("security"))


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, which leads back to where somebody was, and says so when their session ended meanwhile.

    What was posted cannot be repeated. A text that took time to write is shown once more, so that it can be kept.
    """
    if request.method in ("GET", "HEAD") and not _of_a_part(request):
        return again("sign-in", request.get_full_path()) if request.path != "/" else redirect("sign-in")
    sent = request.method == "POST" and not _of_a_part(request)
    query = {"ended": "sent" if sent else "on", "next": _asked_on(request) or "/"}
    address = f"{resolve_url('sign-in')}?{urlencode(query)}"
    if sent and (written := _written(request)):
        return render(request, "session/ended.html", {"written": written, "address": address}, status=403)
    return redirect(address)


def as_a_whole(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer; when a part of a page asked and is led elsewhere, the whole page goes there."""
    if _of_a_part(request) and isinstance(response, HttpResponseRedirect):
        return HttpResponseClientRedirect(response.url)
    return response


def _of_a_part(request: HttpRequest) -> bool:
    """Whether a part of a page asks, to be changed in its place."""
    return bool(request.headers.get("HX-Request"))


def _asked_on(request: HttpRequest) -> str:
    """The page of ours on which somebody pressed the button; empty when the browser does not say it."""
    try:
        page = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    except ValueError:
        return ""
    return page._replace(scheme="", netloc="").geturl() if page.netloc == request.get_host() else ""


def _written(request: HttpRequest) -> list[str]:
    """The texts among what was posted that somebody took time to write."""
    if getattr(request, "large", False):  # it is not even waited for
        return []
    texts = [text for name, values in request.POST.lists() if not SECRET.search(name) for text in values]
    return [text for text in texts if isinstance(text, str) and len(text) >= WORTH_KEEPING and " " in text.strip()]


def again(page: str, to: str) -> HttpResponse:
    """To a page where somebody tries again to get in, and from there on to where they were going."""
    return redirect(f"{resolve_url(page)}?{urlencode({'next': to})}")


def challenge(request: HttpRequest, made: dict[str, Any]) -> None:
    """Keep a challenge for the answer that follows."""
    request.session["challenge"] = {"made": made, "at": clock.now().isoformat()}


def challenged(request: HttpRequest) -> dict[str, Any] | None:
    """The challenge of this session, once; None when there is none or it is too old."""
    kept = request.session.pop("challenge", None)
    found: dict[str, Any] | None = None if not kept or _late(kept["at"], PATIENCE) else kept["made"]
    return found


def going_to(request: HttpRequest) -> str:
    """Where to go on: an address of ours that the page asks for, else the front page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else "/"


def _late(at: str, patience: timedelta) -> bool:
    return datetime.fromisoformat(at) < clock.now() - patience
