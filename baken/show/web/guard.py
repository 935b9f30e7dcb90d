"""What stands around every page: who may see it, and what an error becomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from baken.record.orgs.keys import UnknownKey
from baken.record.orgs.sealing import Unsealable
from baken.record.people.access import Conflict, Forbidden, NotFound, Permission
from baken.record.people.models import User
from baken.show.web import entering, errors
from baken.show.web.middleware import PageRequest

Rest = ParamSpec("Rest")
View = Callable[Concatenate[PageRequest, Rest], HttpResponse]


@dataclass(frozen=True, slots=True)
class Asks:
    """What a page asks of its reader, for whoever looks at pages as a whole. See `page`."""

    any_of: tuple[Permission, ...]
    fresh: bool
    methods: tuple[str, ...]


def page(
    *any_of: Permission,
    public: bool = False,
    fresh: bool = False,
    weak: bool = False,
    first: bool = False,
    methods: tuple[str, ...] = ("GET", "POST"),
) -> Callable[[View[Rest]], Callable[Concatenate[HttpRequest, Rest], HttpResponse]]:
    """A page for whoever holds one of these permissions; for everybody signed in when none is named.

    public: for people who are not signed in as well. fresh: for whoever has shown in the last minutes who they are; the
    others do so first. weak: also for somebody who has no second factor yet, though one is asked of them; whoever has
    one uses it before any page that is not public. first: also for somebody who got in with a first password; of the
    pages that are not public the others are closed to them. methods: what may be asked of it; HEAD goes with GET. An
    anonymous reader is sent to the sign-in page and comes back afterwards. NotFound, Forbidden and Conflict that a flow
    or read raises become pages that say so.
    """

    def around(view: View[Rest]) -> Callable[Concatenate[HttpRequest, Rest], HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
            asked: PageRequest = request  # type: ignore[assignment]  # Reader has added the caller
            refusal = _refusal(asked, any_of, public=public, methods=methods)
            if refusal is None and not public:
                refusal = _detour(asked, fresh=fresh, weak=weak, first=first)
            return entering.as_a_whole(asked, refusal) if refusal is not None else _answer(asked, view, *args, **kwargs)

        guarded.asks = Asks(any_of, fresh=fresh, methods=methods)  # type: ignore[attr-defined]
        return guarded

    return around


class Filled(Protocol):
    """A form, or several that are shown as one."""

    is_bound: bool

    @property
    def errors(self) -> Any:
        """True when something is wrong."""


def show(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, form: Filled | None = None
) -> HttpResponse:
    """Render a template. With a form that has errors the status is 422; the form is in the context as `form`."""
    status = 422 if form is not None and form.is_bound and form.errors else 200
    return render(request, template, {**(context or {}), **({"form": form} if form is not None else {})}, status=status)


def _refusal(
    request: PageRequest, any_of: tuple[Permission, ...], *, public: bool, methods: tuple[str, ...]
) -> HttpResponse | None:
    if request.method not in (*methods, "HEAD"):
        response = errors.answer(request, 405)
        response.headers["Allow"] = ", ".join(methods)
        return response
    if _has_nul(request):
        return errors.answer(request, 400)
    if public:
        return None
    if not request.user.is_authenticated:
        return entering.to_sign_in(request)
    if any_of and not any(request.caller.may(permission) for permission in any_of):
        return errors.answer(request, 403)
    return None


def _detour(request: PageRequest, *, fresh: bool, weak: bool, first: bool) -> HttpResponse | None:
    """What somebody who is signed in has to do before they see the page."""
    assert isinstance(request.user, User)
    if entering.owes_factor(request, request.user):
        return entering.to_second_step(request, request.user)
    if entering.owes_password(request):
        return None if first else redirect("account-password")
    if not weak and entering.lacks_factor(request, request.caller):
        return redirect("security")
    if fresh and not entering.is_recent(request):
        return entering.to_confirmation(request)
    return None


def _answer(request: PageRequest, view: View[Rest], *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
    try:
        return view(request, *args, **kwargs)
    except NotFound:
        return errors.answer(request, 404)
    except Forbidden:
        return errors.answer(request, 403)
    except Conflict as conflict:
        return errors.answer(request, 409, detail=errors.words(conflict))
    except (Unsealable, UnknownKey):
        return errors.damaged(request)


def _has_nul(request: HttpRequest) -> bool:
    """PostgreSQL's text cannot hold NUL, and no person types it."""
    given = [request.path]
    for query in (request.GET, request.POST):
        given += [text for name, values in query.lists() for text in (name, *values) if isinstance(text, str)]
    return any("\x00" in text for text in given)
