"""Too many large bodies at once: who comes beyond what `run.bodies` lets in is told when to come again."""

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
        return _come_again(request) if getattr(request, "crowded", False) else self.get_response(request)


def _come_again(request: HttpRequest) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        return problem(503, "Too many large requests are being received; try again.")
    with translation.override(translation.get_language_from_request(request)):
        return crowded()
