"""The account: what somebody sees and changes about themselves."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.record.people import flows, sessions
from baken.record.people.models import User
from baken.show.web import shortcuts
from baken.show.web.entering import enter, owes_password
from baken.show.web.errors import refusals
from baken.show.web.forms.account import PasswordForm, ProfileForm, ShortcutsForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest


@page()
def account(request: PageRequest) -> HttpResponse:
    """Name, language and zone; the page also leads to everything else about oneself."""
    user = _user(request)
    form = ProfileForm(request.POST or None, initial={"name": user.name, "language": user.language, "zone": user.zone})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.change_profile(request.caller, **form.cleaned_data)
            messages.success(request, gettext("Your account was changed."))
            return redirect("account")
    return show(request, "account/account.html", form=form)


@page(first=True)
def password(request: PageRequest) -> HttpResponse:
    """A new password. Every other session ends. In place of a first one it opens everything else."""
    user, strong, first = _user(request), bool(request.session.get("strong")), owes_password(request)
    form = PasswordForm(request.POST or None, first=first)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            user = sessions.change_password(user, session_key=request.session.session_key or "", **form.cleaned_data)
            messages.success(request, gettext("Your password was changed; you were signed out everywhere else."))
            return enter(request, user, "home" if first else "security", strong=strong)
    return show(request, "account/password.html", {"first": first}, form=form)


@page()
def keyboard(request: PageRequest) -> HttpResponse:
    """Which shortcuts work."""
    offered = shortcuts.of(_user(request).shortcuts_off, request.caller)
    form = ShortcutsForm(request.POST if request.method == "POST" else None, offered=offered)
    if request.method == "POST" and form.is_valid():
        off = {each.shortcut.code for each in offered} - set(form.cleaned_data["on"])
        flows.switch_shortcuts_off(request.caller, off)
        messages.success(request, gettext("Your shortcuts were changed."))
        return redirect("account")
    return show(request, "account/keyboard.html", form=form)


@page(fresh=True, weak=True, methods=("POST",))
def session_ending(request: PageRequest, sign_in_id: UUID) -> HttpResponse:
    """End one of one's own sessions."""
    sessions.end(_user(request), sign_in_id)
    messages.success(request, gettext("That session was ended."))
    return redirect("security")


@page(fresh=True, weak=True, methods=("POST",))
def session_endings(request: PageRequest) -> HttpResponse:
    """End all of one's own sessions but this one."""
    sessions.end_others(_user(request), request.session.session_key or "")
    messages.success(request, gettext("You were signed out everywhere else."))
    return redirect("security")


def _user(request: PageRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
