"""People and API tokens."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.record.ledger import clock
from baken.record.people import factors, first_passwords, flows, reads, sessions
from baken.record.people.access import Permission
from baken.record.people.models import User
from baken.show.web import happenings
from baken.show.web.errors import refusals
from baken.show.web.forms.people import PersonForm, RolesForm, TokenForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.lists import paged


@page(Permission.WRITE_PEOPLE, methods=("GET",))
def people(request: PageRequest) -> HttpResponse:
    """Everybody."""
    return show(request, "people/people.html", {"page": paged(request, reads.people(request.caller))})


@page(Permission.WRITE_PEOPLE, fresh=True)
def person_new(request: PageRequest) -> HttpResponse:
    """A new person. Their first password is on the answer to this request alone."""
    organisations = reads.organisations(request.caller)
    form = PersonForm(
        request.POST or None, organisations=organisations, initial={"organisation": request.GET.get("organisation")}
    )
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            return _first_password(request, *first_passwords.add_person(request.caller, **form.cleaned_data))
    return show(request, "people/person_new.html", form=form)


@page(Permission.WRITE_PEOPLE, fresh=True)
def person(request: PageRequest, person_id: UUID) -> HttpResponse:
    """One person, and their roles."""
    row = reads.person(request.caller, person_id)
    held = list(row.memberships.all())
    form = RolesForm(request.POST or None, initial={"roles": [membership.role for membership in held]})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.set_roles(request.caller, person_id, form.cleaned_data["roles"])
            messages.success(request, gettext("The roles were changed."))
            return redirect("person", person_id)
    organisation = held[0].organisation if held else None
    facts = paged(request, reads.history(request.caller, person_id), happenings.ROWS)
    context = {
        "person": row, "organisation": organisation, "factors": factors.held(row),
        "expired": first_passwords.is_over(row), "page": facts, "history": happenings.lines(facts),
    }  # fmt: skip
    return show(request, "people/person.html", context, form=form)


@page(Permission.WRITE_PEOPLE, fresh=True)
def person_password(request: PageRequest, person_id: UUID) -> HttpResponse:
    """A first password for somebody who forgot theirs; it is on the answer to this request alone."""
    row = reads.person(request.caller, person_id)
    if person_id == request.caller.user:
        return redirect("account-password")
    if request.method == "POST":
        return _first_password(request, row, sessions.reset_password(request.caller, row))
    return show(request, "people/person_password.html", {"person": row})


def _first_password(request: PageRequest, row: User, made: str) -> HttpResponse:
    return show(request, "people/first_password.html", {"person": row, "password": made})


@page(Permission.WRITE_PEOPLE, fresh=True, methods=("POST",))
def person_factors(request: PageRequest, person_id: UUID) -> HttpResponse:
    """Take the second factors from somebody who lost them."""
    row = reads.person(request.caller, person_id)
    sessions.reset_factors(request.caller, row)
    messages.success(request, gettext("%(name)s signs in with the password alone now.") % {"name": row})
    return redirect("person", person_id)


@page(Permission.WRITE_PEOPLE, fresh=True, methods=("POST",))
def person_admission(request: PageRequest, person_id: UUID) -> HttpResponse:
    """Keep somebody out, or let them in again: `in` says which."""
    row = reads.person(request.caller, person_id)
    if request.POST.get("in") == "yes":
        flows.set_active(request.caller, person_id, active=True)
        messages.success(request, gettext("%(name)s can sign in again.") % {"name": row})
    elif person_id == request.caller.user:
        messages.error(request, gettext("You cannot lock yourself out; ask another administrator."))
    else:
        sessions.shut_out(request.caller, row)
        messages.success(request, gettext("%(name)s can no longer sign in.") % {"name": row})
    return redirect("person", person_id)


@page(Permission.WRITE_PEOPLE, methods=("GET",))
def tokens(request: PageRequest) -> HttpResponse:
    """Every API token."""
    part = paged(request, reads.tokens(request.caller))
    told = happenings.by_stream(reads.of_tokens(request.caller, part))
    rows = [(token, told.get(token.id, [])) for token in part]
    return show(request, "tokens/tokens.html", {"page": part, "rows": rows, "now": clock.now()})


@page(Permission.WRITE_PEOPLE, fresh=True)
def token_new(request: PageRequest) -> HttpResponse:
    """A new token. Its secret is on the answer to this request alone."""
    form = TokenForm(request.POST or None, organisations=reads.organisations(request.caller))
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        days = given.pop("days")
        with refusals(form):
            expires_at = clock.now() + timedelta(days=days) if days else None
            token, secret = flows.add_token(request.caller, expires_at=expires_at, **given)
            return show(request, "tokens/token_made.html", {"token": token, "secret": secret})
    return show(request, "tokens/token_new.html", form=form)


@page(Permission.WRITE_PEOPLE, fresh=True, methods=("POST",))
def token_revocation(request: PageRequest, token_id: UUID) -> HttpResponse:
    """End a token now."""
    flows.revoke_token(request.caller, token_id)
    messages.success(request, gettext("The token was revoked; nothing opens with it any more."))
    return redirect("tokens")
