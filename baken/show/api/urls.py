"""Addresses of the API and its reference; what is not among them is answered by the API too."""

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.generic import RedirectView

from baken.show.api import reference
from baken.show.api.application import api
from baken.show.api.problems import problem


def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """There is no such address."""
    return problem(404)


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="api-reference"), name="api"),
    path("docs", reference.index, name="api-reference"),
    path("docs/<slug:slug>", reference.group, name="api-reference-group"),
    path("", api.urls),
    re_path(r"(?P<rest>.*)", nothing, name="api-nothing"),
]
