"""Identity providers: keeping them, and signing in with one."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext

from baken.record.people import factors, openid, reads, security_log, sessions
from baken.record.people.access import Permission
from baken.record.people.flows import PeopleError
from baken.record.people.models import User
from baken.show.web import entering, errors
from baken.show.web.device import address_of
from baken.show.web.errors import refusals
from baken.show.web.forms.identity_providers import IdentityProviderForm, NewIdentityProviderForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest

CHANGED = ("name", "client_id", "domains", "new_role", "second_factor", "acr_values")


@page(Permission.WRITE_PEOPLE, methods=("GET",))
def identity_providers(request: PageRequest) -> HttpResponse:
    """Every provider."""
    return show(request, "identity_providers/list.html", {"providers": openid.all_providers(request.caller)})


@page(Permission.WRITE_PEOPLE, fresh=True)
def identity_provider_new(request: PageRequest) -> HttpResponse:
    """A new one; it is asked at once whether it answers."""
    form = NewIdentityProviderForm(request.POST or None, organisations=reads.organisations(request.caller))
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            row = openid.add_provider(request.caller, **form.cleaned_data)
            messages.success(request, gettext("It answers. Register the address below there, and it can be used."))
            return redirect("identity-provider", row.id)
    return show(request, "identity_providers/new.html", form=form)


@page(Permission.WRITE_PEOPLE, fresh=True)
def identity_provider(request: PageRequest, provider_id: UUID) -> HttpResponse:
    """One provider."""
    row = openid.provider(provider_id)
    form = IdentityProviderForm(request.POST or None, initial={name: getattr(row, name) for name in CHANGED})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            openid.change_provider(request.caller, provider_id, **form.cleaned_data)
            messages.success(request, gettext("The identity provider was changed."))
            return redirect("identity-providers")
    return show(request, "identity_providers/one.html", {"row": row, "returns": _returns(provider_id)}, form=form)


@page(Permission.WRITE_PEOPLE, fresh=True, methods=("POST",))
def identity_provider_ending(request: PageRequest, provider_id: UUID) -> HttpResponse:
    """Take its word no more."""
    openid.end_provider(request.caller, provider_id)
    messages.success(request, gettext("Nobody signs in with it any more."))
    return redirect("identity-providers")


@page(public=True, methods=("GET",))
def departure(request: PageRequest, provider_id: UUID) -> HttpResponse:
    """Off to the provider; somebody who is signed in shows there again who they are."""
    row, anew = openid.provider(provider_id), request.user.is_authenticated
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:  # nobody is signed in by a link elsewhere
        return redirect("sign-in")
    try:
        sessions.count_departure(address_of(request))
        address, kept = openid.begin(row, returns=_returns(provider_id), anew=anew)
    except PeopleError as error:
        messages.error(request, errors.remedy(error))
        return entering.again("confirmation" if anew else "sign-in", entering.going_to(request))
    request.session["away"] = {**kept, "to": entering.going_to(request)}
    return redirect(address)


@page(public=True, methods=("GET",))
def arrival(request: PageRequest, provider_id: UUID) -> HttpResponse:
    """Back from the provider: in, on to the second step, or still the one who was in."""
    row, kept = openid.provider(provider_id), request.session.pop("away", None)
    present = request.user if isinstance(request.user, User) else None
    try:
        user, strong = openid.finish(
            row, returns=_returns(provider_id), kept=kept, given=request.GET.dict(), present=present
        )
    except PeopleError as error:
        security_log.note("identity-provider.refused", provider=row.id, address=address_of(request))
        messages.error(request, errors.remedy(error))
        return entering.again("confirmation" if present else "sign-in", kept["to"] if kept else "/")
    security_log.note(
        "identity-provider.accepted", user=user.id, provider=row.id, strong=strong, address=address_of(request)
    )
    if present:
        if not strong and factors.holds(present):  # that was one factor, and they have another
            messages.error(request, gettext("There was no second step at the provider. Use yours here."))
            return entering.again("confirmation", kept["to"])
        entering.confirm(request)
        return redirect(kept["to"])
    if strong:
        return entering.enter(request, user, kept["to"], strong=True)
    return entering.in_or_on(request, user, kept["to"])


def _returns(provider_id: UUID) -> str:
    """Where people come back to; the provider knows this address of ours, and no other."""
    return f"{settings.BAKEN_URL}{reverse('arrival', args=[provider_id])}"
