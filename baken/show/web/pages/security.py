"""How somebody gets in, for themselves: second factors, passkeys, recovery codes, sessions."""

from uuid import UUID

import segno
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.record.people import (
    authenticator,
    factors,
    first_passwords,
    openid,
    passkeys,
    reads,
    recovery_codes,
    sessions,
)
from baken.record.people.flows import PeopleError
from baken.record.people.models import User
from baken.record.people.reads import provider
from baken.record.people.session_store import stored_as
from baken.record.people.tries import TooManyAttempts
from baken.show.web import entering, errors, happenings
from baken.show.web.device import address_of
from baken.show.web.errors import refusals
from baken.show.web.forms.account import AuthenticatorForm, PasskeyForm, PasskeyNameForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.lists import paged


@page(weak=True)
def security(request: PageRequest) -> HttpResponse:
    """Everything about getting in, and the sessions that are open."""
    user = _user(request)
    facts = paged(request, reads.history(request.caller, user.id), happenings.ROWS)
    context = {
        "held": factors.held(user), "password": first_passwords.lets_in(user),
        "possible": passkeys.possible(), "providers": openid.providers_of(user),
        "demanded": factors.demanded(request.caller.roles), "lacks": entering.lacks_factor(request, request.caller),
        "sign_ins": sessions.sign_ins(user), "session_key": stored_as(request.session.session_key),
        "page": facts, "history": happenings.lines(facts),
    }  # fmt: skip
    return show(request, "account/security.html", context)


@page(fresh=True, weak=True)
def authenticator_new(request: PageRequest) -> HttpResponse:
    """Put the secret into an app, and type the first code."""
    user = _user(request)
    if factors.held(user).authenticator:
        return redirect("security")
    form = AuthenticatorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            authenticator.confirm(user, form.cleaned_data["code"])
            return _added(request, user)
    house = provider()
    offer = authenticator.offer(user, issuer=f"Baken {house.name}" if house else "Baken")
    drawn = segno.make(offer.address, micro=False, error="m")
    code = drawn.svg_inline(svgclass="qr", lineclass=None, omitsize=True, light="#fff", border=4)
    return show(request, "account/authenticator_new.html", {"offer": offer, "qr": code}, form=form)


@page(fresh=True, methods=("POST",))
def authenticator_removal(request: PageRequest) -> HttpResponse:
    """Ask for no codes any more."""
    authenticator.remove(_user(request))
    messages.success(request, gettext("The app was removed; its codes are not asked any more."))
    return redirect("security")


@page(fresh=True, methods=("POST",))
def recovery_codes_new(request: PageRequest) -> HttpResponse:
    """Ten new recovery codes, on the answer to this request alone."""
    user = _user(request)
    if not factors.held(user):
        return redirect("security")
    return show(request, "account/recovery_codes.html", {"codes": recovery_codes.renew(user)})


@page(fresh=True, weak=True)
def passkey_new(request: PageRequest) -> HttpResponse:
    """A new passkey on this device."""
    user = _user(request)
    form = PasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            passkeys.register(user, challenge=entering.challenged(request), **form.cleaned_data)
            return _added(request, user)
    return show(request, "account/passkey_new.html", {"possible": passkeys.possible()}, form=form)


@page(fresh=True, weak=True, methods=("POST",))
def passkey_registration(request: PageRequest) -> HttpResponse:
    """What the browser asks a device for a new passkey with."""
    options, challenge = passkeys.ask_to_register(_user(request))
    entering.challenge(request, challenge)
    return JsonResponse(options)


@page(fresh=True)
def passkey(request: PageRequest, passkey_id: UUID) -> HttpResponse:
    """One passkey: its name, and the end of it."""
    row = passkeys.one(_user(request), passkey_id)
    form = PasskeyNameForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            passkeys.rename(_user(request), passkey_id, form.cleaned_data["name"])
            return redirect("security")
    return show(request, "account/passkey.html", {"passkey": row}, form=form)


@page(fresh=True, methods=("POST",))
def passkey_removal(request: PageRequest, passkey_id: UUID) -> HttpResponse:
    """Let a passkey in no more."""
    passkeys.remove(_user(request), passkey_id)
    messages.success(request, gettext("The passkey was removed; it opens nothing here any more."))
    return redirect("security")


@page(public=True, methods=("POST",))
def passkey_challenge(request: PageRequest) -> HttpResponse:
    """What the browser asks a device to sign, to sign in, as the second step, or to show again who one is."""
    on_the_way = entering.waiting(request)
    user = request.user if isinstance(request.user, User) else on_the_way.user if on_the_way else None
    if user is None:
        try:
            sessions.count_challenge(address_of(request))
        except TooManyAttempts:
            return HttpResponse(status=429)  # read by our script alone
    options, challenge = passkeys.ask_to_sign(user)
    entering.challenge(request, challenge)
    return JsonResponse(options)


@page(public=True, methods=("POST",))
def passkey_answer(request: PageRequest) -> HttpResponse:
    """What the device signed: it lets somebody in, or shows that who is in is still who they were."""
    on_the_way, challenge = entering.waiting(request), entering.challenged(request)
    present = request.user if isinstance(request.user, User) else None
    expected = present or (on_the_way.user if on_the_way else None)
    try:
        user = passkeys.signer(challenge=challenge, answer=request.POST.get("answer", "")[:20_000], of=expected)
    except PeopleError as error:
        messages.error(request, errors.remedy(error))
        page_again = "confirmation" if present else "sign-in-step" if on_the_way else "sign-in"
        return entering.again(page_again, entering.going_to(request))
    if present:
        entering.strengthen(request)
        return redirect(entering.going_to(request))
    if on_the_way:
        return entering.enter(request, user, on_the_way.to, strong=True, first=on_the_way.first)
    return entering.enter(request, user, entering.going_to(request), strong=True)


def _added(request: PageRequest, user: User) -> HttpResponse:
    """After a second factor was added and used: this session is strong, and those that are not asked for it end.

    The first recovery codes are shown.
    """
    entering.strengthen(request)
    sessions.end_others(user, request.session.session_key or "")
    if factors.held(user).codes_left:
        messages.success(
            request,
            gettext("It was added; from now on it is asked when you sign in. Everywhere else you were signed out."),
        )
        return redirect("security")
    return show(request, "account/recovery_codes.html", {"codes": recovery_codes.renew(user)})


def _user(request: PageRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
