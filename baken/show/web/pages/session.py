"""Signing in and out, the front page, language and theme, going anywhere."""

from django.conf import settings
from django.contrib import auth
from django.http import HttpResponse
from django.shortcuts import redirect

from baken.record.people import factors, first_passwords, flows, openid, passkeys, sessions
from baken.record.people.models import User
from baken.record.people.reads import provider
from baken.show.web import navigation
from baken.show.web.device import address_of, word_of
from baken.show.web.entering import confirm, enter, going_to, in_or_on, waiting
from baken.show.web.errors import answer, refusals
from baken.show.web.forms.session import AppearanceForm, CodeForm, ConfirmationForm, SignInForm
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
        return redirect(going_to(request))
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            user = sessions.check_credentials(address=address_of(request), device=word_of(request), **form.cleaned_data)
            return in_or_on(request, user, going_to(request), first=first_passwords.is_held(user))
    context = {"next": going_to(request), "providers": openid.providers(), "passkeys": passkeys.possible()}
    context["ended"] = request.GET.get("ended")
    return show(request, "session/sign_in.html", context, form=form)


@page(public=True)
def sign_in_step(request: PageRequest) -> HttpResponse:
    """The second step: a code of one's app, a recovery code, or a passkey."""
    found = waiting(request)
    if found is None:
        return redirect("sign-in")
    user, to, first = found
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            sessions.check_second_step(user, form.cleaned_data["code"], device=word_of(request))
            return enter(request, user, to, strong=True, first=first)
    return show(request, "session/step.html", {"held": factors.held(user)}, form=form)


@page(weak=True)
def confirmation(request: PageRequest) -> HttpResponse:
    """Show again who one is, before anything about getting in is changed."""
    user = request.user
    assert isinstance(user, User)
    held = factors.held(user)
    form = ConfirmationForm(request.POST or None, password=first_passwords.has_own(user), code=bool(held))
    if request.method == "POST" and form.fields and form.is_valid():  # without a field nothing would be shown
        with refusals(form):
            if "password" in form.fields:
                sessions.check_password(
                    user, form.cleaned_data["password"], session_key=request.session.session_key or ""
                )
            if "code" in form.fields:
                sessions.check_second_step(user, form.cleaned_data["code"], device=word_of(request))
            confirm(request)
            return redirect(going_to(request))
    providers = [row for row in openid.providers_of(user) if not held or row.second_factor != openid.SecondFactor.NONE]
    context = {"next": going_to(request), "held": held, "providers": providers}
    return show(request, "session/confirmation.html", context, form=form)


@page(public=True, methods=("POST",))
def sign_out(request: PageRequest) -> HttpResponse:
    """The way out."""
    key = request.session.session_key or ""
    auth.logout(request)
    sessions.ended(key)  # after it: by what this forgets, the policies know whose session it is
    response = redirect("sign-in")
    response.headers["Clear-Site-Data"] = '"storage"'  # the rest was never kept: every page says `no-store`
    return response


@page(public=True, methods=("POST",))
def appearance(request: PageRequest) -> HttpResponse:
    """Language and theme: kept in the account, or in a cookie for somebody who is not signed in."""
    form = AppearanceForm(request.POST)
    if not form.is_valid():
        return answer(request, 400)
    language, theme = form.cleaned_data["language"], form.cleaned_data["theme"]
    response = redirect(going_to(request))
    if request.user.is_authenticated:
        flows.set_appearance(request.caller, language=language, theme=theme)
    for name, value in ((settings.LANGUAGE_COOKIE_NAME, language), (settings.BAKEN_THEME_COOKIE, theme)):
        if value:
            response.set_cookie(
                name, value, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
            )
    return response
