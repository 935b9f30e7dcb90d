"""Restore drills, and reviews that look for break-ins."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.domain.instants import to_us
from baken.record.audits import flows as audits
from baken.record.audits import reads as reviewing
from baken.record.catalogue import reads as catalogue
from baken.record.ledger import clock
from baken.record.people.access import Permission
from baken.record.recovery import flows as recovery
from baken.record.recovery.models import Drill
from baken.record.reports import duties
from baken.show.web import sending
from baken.show.web.errors import refusals
from baken.show.web.forms.audits import ReasonForm
from baken.show.web.forms.recovery import DrillForm, ReviewForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.lists import paged


@page(Permission.WRITE_DRILLS, methods=("GET",))
def drills(request: PageRequest) -> HttpResponse:
    """Every drill, and when the next one of each service is due."""
    context = {
        "page": paged(request, recovery.drills(request.caller)),
        "duties": duties.drills_due(request.caller, to_us(clock.now())),
    }
    return show(request, "recovery/drills.html", context)


@page(Permission.WRITE_DRILLS)
def drill_new(request: PageRequest) -> HttpResponse:
    """Record a drill that is over."""
    form = DrillForm(request.POST or None, services=catalogue.services(request.caller))
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            sending.once(request, form, lambda: recovery.record(request.caller, **form.said()))
            failed = form.cleaned_data["outcome"] == Drill.Outcome.FAILED
            messages.success(
                request,
                gettext("The drill is recorded. It failed, so an integrity incident is opened within a minute.")
                if failed
                else gettext("The drill is recorded."),
            )
            return redirect("drills")
    return show(request, "recovery/drill.html", form=form)


@page(Permission.CORRECT_FACTS)
def drill_retraction(request: PageRequest, id: UUID) -> HttpResponse:
    """A drill that was recorded wrongly is taken back."""
    drill = recovery.drill(request.caller, id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            recovery.retract(request.caller, id, **form.cleaned_data)
            messages.success(request, gettext("The drill is retracted."))
            return redirect("drills")
    return show(request, "recovery/retraction.html", {"drill": drill}, form=form)


@page(Permission.WRITE_DRILLS, methods=("GET",))
def reviews(request: PageRequest) -> HttpResponse:
    """Every review, and what of the present and the last month is not reviewed yet."""
    context = {
        "page": paged(request, reviewing.reviews(request.caller)),
        "gaps": duties.unreviewed(request.caller, to_us(clock.now())),
    }
    return show(request, "recovery/reviews.html", context)


@page(Permission.WRITE_DRILLS)
def review_new(request: PageRequest) -> HttpResponse:
    """Record that somebody looked for break-ins."""
    form = ReviewForm(request.POST or None, services=catalogue.services(request.caller))
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            sending.once(request, form, lambda: audits.record_review(request.caller, **form.said()))
            messages.success(request, gettext("The review is recorded."))
            return redirect("reviews")
    return show(request, "recovery/review.html", form=form)


@page(Permission.CORRECT_FACTS)
def review_retraction(request: PageRequest, id: UUID) -> HttpResponse:
    """A review that was recorded wrongly is taken back."""
    review = reviewing.review(request.caller, id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            audits.retract_review(request.caller, id, **form.cleaned_data)
            messages.success(request, gettext("The review is retracted."))
            return redirect("reviews")
    return show(request, "recovery/retraction.html", {"review": review}, form=form)
