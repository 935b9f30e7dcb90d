"""Requests for a host that is not this installation: told where it is, before anything is asked of the database."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from baken.record.people import security_log
from baken.record.people.network import address_of
from baken.run.early import early
from baken.show.web.errors import elsewhere


class Hosts:
    """Stands before whatever asks for the host: Django would log what a stranger wrote there, with a stack trace."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost:
            return _refused(request)
        return self.get_response(request)


def _refused(request: HttpRequest) -> HttpResponse:
    security_log.note("host.refused", method=request.method, address=address_of(request.META))
    detail = f"Host: this installation answers at {settings.BAKEN_URL} alone; ask there."
    return early(request, 400, detail, lambda: elsewhere(settings.BAKEN_URL))
