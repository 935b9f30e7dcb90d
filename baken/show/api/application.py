"""The API as one application: its operations, its errors, its document."""

import logging
import re
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from baken.record.looks.answers import written_down
from baken.record.orgs import opened
from baken.record.people.access import Caller
from baken.show.api import (
    alerts,
    attachments,
    audits,
    clocks,
    complaints,
    customers,
    handling,
    health,
    incidents,
    kpis,
    limiting,
    looks,
    maintenance,
    monitors,
    privacy,
    prober,
    proofs,
    reports,
    services,
    token,
)
from baken.show.api.document import DESCRIPTION, Document
from baken.show.api.parsing import StrictParser, read_within
from baken.show.api.problems import add_handlers, problem

log = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


class Api(NinjaAPI):
    """ninja's application, with a complete document, and problems where ninja answers plain text."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The OpenAPI 3.1 document; made once, as nothing in it changes while the program runs."""
        return self._document(path_prefix or self.get_root_path(path_params or {}))

    @cache  # noqa: B019 (there is one application, for as long as the program runs)
    def _document(self, path_prefix: str) -> Document:
        return Document(self, path_prefix)

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """`incidents-report` for the function `report` of the module `incidents`."""
        view = operation.view_func
        return f"{view.__module__.rsplit('.', 1)[1]}-{view.__name__}".replace("_", "-")

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        patterns = super()._get_urls()
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = _guarded(pattern.callback)
        return patterns


def _guarded(view: View) -> View:
    """HEAD is answered as GET, whose body the server leaves out; a method that there is not, by a problem.

    Django limits bodies that say how long they are; the others are limited here.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.META.get("CONTENT_LENGTH") and not _read_within_limit(request):
            return problem(413)
        asked = request.method
        request.method = "GET" if asked == "HEAD" else asked
        response = limiting.told(request, _watched(view, request, *args, **kwargs))
        request.method = asked
        if response.status_code != 405:
            return response
        refused = problem(405)
        refused.headers["Allow"] = ", ".join(sorted(response.headers["Allow"].split(", ")))
        return refused

    return guarded


def _watched(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """The answer, once it is written down which customers' data it shows; 503 when that cannot be."""
    notes = opened.Notes()
    with opened.noting(notes):
        response = view(request, *args, **kwargs)
    caller = getattr(request, "auth", None)
    try:
        return written_down(  # type: ignore[return-value]
            caller if isinstance(caller, Caller) else None, notes, response, door="api", page=_operation(request)
        )
    except DatabaseError as error:
        log.error("who looked could not be written down: %s", type(error).__name__)
        return problem(503)


def _operation(request: HttpRequest) -> str:
    """`GET /incidents/{number}`, as the document names it."""
    route = request.resolver_match.route if request.resolver_match else ""
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.removeprefix("api/v1"))
    return f"{request.method} {path}"[:80]


def _read_within_limit(request: HttpRequest) -> bool:
    """Read a body of unknown length, which a chunked one has. False when it is too large.

    Nobody is known yet, so a large one is not waited for.
    """
    if getattr(request, "large", False):
        return False
    return read_within(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


api = Api(
    title="Baken",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    parser=StrictParser(),
)
add_handlers(api)
MODULES = (
    health,
    token,
    incidents,
    handling,
    clocks,
    complaints,
    attachments,
    services,
    customers,
    maintenance,
    monitors,
    kpis,
    reports,
    looks,
    audits,
    privacy,
    proofs,
    alerts,
    prober,
)
for module in MODULES:
    api.add_router("", module.router)
