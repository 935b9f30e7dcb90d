"""Refusals before anything is asked of the database, or of the session: to programs a problem, to people a page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from baken.show.api.problems import problem


def early(request: HttpRequest, status: int, detail: str, page: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer to who asks. detail: for programs. page: made in the language of the browser."""
    if request.path_info.startswith("/api/"):
        return problem(status, detail)
    with translation.override(translation.get_language_from_request(request)):
        return page()
