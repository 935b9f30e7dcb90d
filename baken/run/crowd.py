"""Too much at once, sent or fetched: who comes beyond what `run.bodies` lets through is told when to come again."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from baken.run.early import early
from baken.show.web.errors import crowded


class Crowd:
    """Stands before whatever takes a connection to the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request, "crowded", False):
            detail = "Too many large requests are being received; try again."
            return early(request, 503, detail, lambda: crowded("sent"))
        if getattr(request, "hoarding", False):
            detail = "Too many files are fetched at once; take those first."
            return early(request, 503, detail, lambda: crowded("fetched"))
        return self.get_response(request)
