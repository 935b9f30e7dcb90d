"""Errors as people see them: beside a field, or as a page that says what happened and what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, BadRequest, RequestDataTooBig, ValidationError
from django.db import InterfaceError, OperationalError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from baken.record.people.access import Conflict, NotFound
from baken.show.web import remedies

WITH_OWN_PAGE = (400, 403, 404, 409, 413)
SILENCE = (OperationalError, InterfaceError, ConnectionError)
"""Raised when the database does not answer, or has no connection left, or whoever keeps the root key is away."""
AGAIN = 30
"""Seconds after which it is worth another try."""


@contextmanager
def refusals(form: BaseForm) -> Iterator[None]:
    """What a flow refuses becomes an error of the form: beside the field that the message names, else above all.

    Use it around the call of the flow; after it `form.errors` says whether the flow went through. A Conflict is said
    above the form as well, and so is NotFound: what the form names is not there, what the address names was found
    before. So nothing that was typed is lost. Forbidden goes on to the guard.
    """
    try:
        yield
    except ValidationError as error:
        _add_all(form, error)
    except ValueError as error:
        if type(error) is ValueError:
            raise  # not a refusal of a flow, which has a class of its own
        field, message = _field_of(form, str(error))
        form.add_error(field, message)
    except Conflict as conflict:
        form.add_error(None, ValidationError(words(conflict), code="conflict"))
    except NotFound as missing:
        form.add_error(None, words(missing))


def words(error: Exception) -> str:
    """What an error says, in the reader's language."""
    return remedies.in_words(str(error) or (type(error).__doc__ or "").strip().splitlines()[0])


def remedy(error: Exception) -> str:
    """What an error says where there is no field it could stand beside: a sentence without the name of one."""
    _field, _separator, rest = str(error).partition(": ")
    return sentence(remedies.in_words(rest if remedies.is_known(rest) else str(error)))


def answer(request: HttpRequest, status: int, *, detail: str = "") -> HttpResponse:
    """The page for an error."""
    known = status if status in WITH_OWN_PAGE else 400
    context = {"detail": detail, "back": _came_from(request), "largest": settings.BAKEN_FILE_LIMIT}
    return render(request, f"errors/{known}.html", context, status=status)


def damaged(request: HttpRequest) -> HttpResponse:
    """A change, or a page, needs a text that was changed in the database."""
    detail = gettext(
        "A text that this needs was changed in the database, past Baken, so nothing was done. Tell the administrator: "
        "it has to come back from a backup, or be written anew."
    )
    context = {"title": gettext("This cannot be read"), "detail": detail, "back": _came_from(request)}
    return render(request, "errors/409.html", context, status=409)


def _came_from(request: HttpRequest) -> str:
    """The page of ours that the reader comes from, else the front page."""
    referer = request.META.get("HTTP_REFERER", "")
    return referer if url_has_allowed_host_and_scheme(referer, {request.get_host()}) else "/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: what could not be read at all, or what a page refuses with words of its own."""
    detail = words(exception) if isinstance(exception, BadRequest) and str(exception) else ""
    return answer(request, 413 if isinstance(exception, RequestDataTooBig) else 400, detail=detail)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return answer(request, 404)


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500, while the exception is at hand. Nothing is asked of the database: it may be what failed."""
    if isinstance(sys.exception(), SILENCE):
        return unavailable()
    return HttpResponse(get_template("errors/500.html").render(), status=500)


def crowded(too_much: str) -> HttpResponse:
    """Too much is being `sent` or `fetched` at this moment. Nothing is asked of the database, nor of the session."""
    return _later({"too_much": too_much})


def unavailable() -> HttpResponse:
    """What every page needs does not answer at this moment. Nothing is asked of it here."""
    return _later({})


def _later(context: dict[str, str]) -> HttpResponse:
    page = get_template("errors/503.html").render(context)
    return HttpResponse(page, status=503, headers={"Retry-After": str(AGAIN)})


def hurried(wait: int) -> HttpResponse:
    """More was asked than people can read. Nothing is asked of the database here either. wait: seconds."""
    page = get_template("errors/429.html").render({"wait": wait})
    return HttpResponse(page, status=429, headers={"Retry-After": str(wait)})


def elsewhere(address: str) -> HttpResponse:
    """The request was for another host than the one of this `address`."""
    return HttpResponse(get_template("errors/elsewhere.html").render({"address": address}), status=400)


def untrusted(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the page's own key: mostly a page that was open for a very long time."""
    detail = gettext(
        "This page was open for too long, or cookies are blocked. Go back, load it again and send it once more."
    )
    return render(request, "errors/403.html", {"detail": detail}, status=403)


def _field_of(form: BaseForm, message: str) -> tuple[str | None, str]:
    """The field that "field: remedy" names, when this form has it, and what to say."""
    name, _separator, remedy = message.partition(": ")
    wanted = name.strip().lower().replace(" ", "_")
    if wanted in form.fields:
        return wanted, sentence(remedies.in_words(remedy))
    return None, sentence(remedies.in_words(remedy if remedies.is_known(remedy) else message))


def sentence(text: str) -> str:
    """The text as a sentence: messages of flows begin small, after the name of the field."""
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def _add_all(form: BaseForm, error: ValidationError) -> None:
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, problems in error.error_dict.items():
        known = name if name in form.fields and name != NON_FIELD_ERRORS else None
        for problem in problems:
            form.add_error(known, problem)
