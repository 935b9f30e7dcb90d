"""The first run of an installation: a page that is there until it was used."""

from django.contrib import auth, messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext

from baken.domain.agreements import default_terms
from baken.record.monitors.first_run import Administrator, FirstService, set_up
from baken.record.people import sessions
from baken.record.people.access import NotFound
from baken.record.people.models import User
from baken.record.people.reads import provider
from baken.show.web.device import session_of
from baken.show.web.errors import refusals
from baken.show.web.forms.agreement import AgreementForms
from baken.show.web.forms.setup import SetupForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.wording import holidays_of_zone

ZONE = "Europe/Amsterdam"


@page(public=True)
def setup(request: PageRequest) -> HttpResponse:
    """Ask everything, then make it all at once and let the administrator in."""
    if provider() is not None:
        raise NotFound("This installation is set up.")
    usual = {"language": (get_language() or "en")[:2], "zone": ZONE}
    form = SetupForm(request.POST or None, initial=usual)
    agreement = AgreementForms(request.POST or None, terms=default_terms(ZONE, holidays_of_zone(ZONE)), months=None)
    if request.method == "POST" and _valid(form, agreement):
        with refusals(form):
            user = _set_up(form, agreement)
            auth.login(request, user)
            sessions.begin(user, **session_of(request))
            messages.success(request, gettext("Baken is set up. What needs you next is listed here."))
            return redirect("home")
    status = 422 if form.errors or (form.is_bound and agreement.errors) else 200
    response = show(request, "setup/setup.html", {"setup": form, "form": agreement})
    response.status_code = status
    return response


def _valid(form: SetupForm, agreement: AgreementForms) -> bool:
    valid = form.is_valid()
    return agreement.is_valid() and valid


def _set_up(form: SetupForm, agreement: AgreementForms) -> User:
    given = form.cleaned_data
    return set_up(
        token=given["token"],
        provider_name=given["provider_name"],
        language=given["language"],
        zone=given["zone"],
        administrator=Administrator(given["name"], given["email"], given["password"]),
        service=FirstService(given["service_name"], given["addresses"], agreement.terms(given["zone"])),
    )
