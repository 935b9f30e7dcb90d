"""Locations: the places from which services are probed, and the keys their probers sign with."""

import base64

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.reach.prober import signing
from baken.record.monitors import flows, reads
from baken.record.people.access import Permission
from baken.record.people.reads import provider
from baken.show.web.errors import refusals
from baken.show.web.forms.monitors import LocationForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest


@page(Permission.WRITE_MONITORS)
def locations(request: PageRequest) -> HttpResponse:
    """Every location, and what troubles it."""
    return show(request, "locations/locations.html", {"locations": reads.locations(request.caller)})


@page(Permission.WRITE_MONITORS)
def location_new(request: PageRequest) -> HttpResponse:
    """A new location. Its private key is on the answer to this request alone."""
    form = LocationForm(request.POST or None)
    owner = provider()
    assert owner is not None  # somebody is signed in
    if request.method == "POST" and form.is_valid():
        private, public = signing.generate_key()
        with refusals(form):
            made = flows.add_location(request.caller, provider=owner, public_key=public, **form.cleaned_data)
            return _key(request, made.code, private)
    return show(request, "locations/location_new.html", form=form)


@page(Permission.WRITE_MONITORS)
def location_key(request: PageRequest, code: str) -> HttpResponse:
    """Another key, for a prober that was lost or whose key may be known; asked first."""
    row = reads.location(request.caller, code)
    if request.method == "POST":
        private, public = signing.generate_key()
        flows.replace_key(request.caller, code, public)
        return _key(request, code, private)
    return show(request, "locations/location_key.html", {"location": row})


@page(Permission.WRITE_MONITORS)
def location_revocation(request: PageRequest, code: str) -> HttpResponse:
    """Take no more results from a location; asked first."""
    row = reads.location(request.caller, code)
    if request.method == "POST":
        flows.revoke_location(request.caller, code)
        messages.success(request, gettext("The location was revoked; its results are refused from now on."))
        return redirect("locations")
    return show(request, "locations/location_revocation.html", {"location": row})


def _key(request: PageRequest, code: str, private: str) -> HttpResponse:
    coded = base64.b64encode(private.encode()).decode()
    context = {"code": code, "private": private, "file": f"data:application/x-pem-file;base64,{coded}"}
    return show(request, "locations/location_made.html", {**context, "hub": settings.BAKEN_URL})
