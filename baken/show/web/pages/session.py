"""Signing in and out, the front page, language and theme, going anywhere."""

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from baken.record.people import flows, sessions
from baken.record.people.reads import provider
from baken.show.web import navigation
from baken.show.web.device import address_of, session_of
from baken.show.web.errors import answer, refusals
from baken.show.web.forms.session import AppearanceForm, SignInForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.front import customer_front

YEAR = 365 * 86_400


@page(methods=("GET",))
def home(request: PageRequest) -> HttpResponse:
    """The front page of whoever asks."""
    name = navigation.front_page(request.caller)
    return redirect(name) if name else customer_front(request)


@page(public=True)
def sign_in(request: PageRequest) -> HttpResponse:
    """The way in. Before there is a provider it leads to the first-run setup."""
    if provider() is None:
        return redirect("setup")
    if request.user.is_authenticated:
        return redirect(_next(request))
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            user = sessions.check_credentials(address=address_of(request), **form.cleaned_data)
            auth.login(request, user)
            sessions.begin(user, **session_of(request))
            return redirect(_next(request))
    return show(request, "session/sign_in.html", {"next": _next(request)}, form=form)


@page(public=True, methods=("POST",))
def sign_out(request: PageRequest) -> HttpResponse:
    """The way out."""
    sessions.ended(request.session.session_key or "")
    auth.logout(request)
    return redirect("sign-in")


@page(public=True, methods=("POST",))
def appearance(request: PageRequest) -> HttpResponse:
    """Language and theme: kept in the account, or in a cookie for somebody who is not signed in."""
    form = AppearanceForm(request.POST)
    if not form.is_valid():
        return answer(request, 400)
    language, theme = form.cleaned_data["language"], form.cleaned_data["theme"]
    response = redirect(_next(request))
    if request.user.is_authenticated:
        flows.set_appearance(request.caller, language=language, theme=theme)
    for name, value in ((settings.LANGUAGE_COOKIE_NAME, language), ("theme", theme)):
        if value:
            response.set_cookie(
                name, value, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
            )
    return response


def _next(request: HttpRequest) -> str:
    """Where to go on: an address of ours that the page asks for, else the front page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else "/"
