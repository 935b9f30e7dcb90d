"""Too much at once, sent or fetched: who comes beyond what `run.bodies` lets through is told when to come again."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from baken.show.api.problems import problem
from baken.show.web.errors import crowded


class Crowd:
    """Stands before whatever takes a connection to the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request, "crowded", False):
            return _come_again(request, "Too many large requests are being received; try again.", "sent")
        if getattr(request, "hoarding", False):
            return _come_again(request, "Too many files are fetched at once; take those first.", "fetched")
        return self.get_response(request)


def _come_again(request: HttpRequest, detail: str, too_much: str) -> HttpResponse:
    """too_much: what there is too much of, as the page for it takes it."""
    if request.path_info.startswith("/api/"):
        return problem(503, detail)
    with translation.override(translation.get_language_from_request(request)):
        return crowded(too_much)
