"""What somebody searches for: it may be a name, so it stands in no address, and in no history or log of addresses.

The words are posted, and stay in the session, which is sealed. In the address of what they find a short id stands for
them, so parts of that list, going back and reloading ask for it as for any page.
"""

import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

MOST_KEPT = 20
"""Searches of a session: the last ones."""
LONGEST = 200
"""Letters of one."""


@dataclass(frozen=True, slots=True)
class Search:
    """words: empty when nothing is searched for. id: what stands for them. gone: what it stood for is not kept now."""

    words: str = ""
    id: str = ""
    gone: bool = False


class SeeOther(HttpResponseRedirect):
    """What was sent is asked for with GET, elsewhere."""

    status_code = 303


def typed(request: HttpRequest) -> str:
    """The words that were posted."""
    return request.POST.get("words", "").strip()[:LONGEST]


def asked(request: HttpRequest) -> Search:
    """The search that an address asks for."""
    id = request.GET.get("in", "")
    words = request.session.get("searches", {}).get(id, "")
    return Search(words, id) if words else Search(gone=bool(id))


def kept(request: HttpRequest, *filters: str) -> HttpResponse:
    """Keep the words that were posted, and lead to what they find; these other fields are in its address."""
    words = typed(request)
    query = {name: value[:LONGEST] for name in filters if (value := request.POST.get(name))}
    if words:
        query["in"] = _kept(request, words)
    return SeeOther(f"{request.path}?{urlencode(query)}" if query else request.path)


def _kept(request: HttpRequest, words: str) -> str:
    held: dict[str, str] = request.session.get("searches", {})
    id = next((id for id, those in held.items() if those == words), "") or secrets.token_urlsafe(6)
    others = [one for one in held.items() if one[0] != id]
    request.session["searches"] = dict([*others[1 - MOST_KEPT :], (id, words)])
    return id
