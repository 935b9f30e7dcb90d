"""Forms that make something new, sent twice: by two clicks, or by a browser that tries again. They make it once."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from baken.record.people import idempotency
from baken.show.files import Received
from baken.show.web.forms.fields import MakingForm
from baken.show.web.middleware import PageRequest

Made = TypeVar("Made")
BESIDES = frozenset({"csrfmiddlewaretoken"})


def made(request: PageRequest, form: MakingForm, create: Callable[[], int]) -> int:
    """The number of what the form makes, or made when this same page was sent with the same content before.

    The page's word for it is in its field `sending`. Other content is something else, also on a page one went back to.
    What has no number is made by `once`.
    """
    if not form.cleaned_data["sending"]:
        return create()
    number, _before = idempotency.once(request.caller, key=_sent(request), request=b"form", create=create)
    return number


def once(request: PageRequest, form: MakingForm, create: Callable[[], Made]) -> Made | None:
    """The same for what has no number: what the form makes; None when it was made before."""
    fresh: list[Made] = []

    def create_it() -> int:
        fresh.append(create())
        return 0

    made(request, form, create_it)
    return fresh[0] if fresh else None


def _sent(request: PageRequest) -> str:
    """What was sent, as a digest: the address, every field, and the names and contents of files."""
    fields = sorted((name, tuple(values)) for name, values in request.POST.lists() if name not in BESIDES)
    files = sorted((name, file.name, _digest(file)) for name in request.FILES for file in request.FILES.getlist(name))
    told = repr((request.get_full_path(), fields, files))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(file: Any) -> str:
    assert isinstance(file, Received)
    return file.digest
