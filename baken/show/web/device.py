"""What a request says about where it comes from: codes for a browser and a system, and the network address."""

from typing import TypedDict

from django.conf import settings
from django.http import HttpRequest

from baken.record.people import network

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("iPhone", "iOS"), ("iPad", "iOS"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


class Session(TypedDict):
    """A session as it is remembered for its owner."""

    session_key: str
    device: str
    address: str | None


def session_of(request: HttpRequest) -> Session:
    """The session of a request that has just signed in."""
    key = request.session.session_key or ""
    return Session(session_key=key, device=device_of(request), address=address_of(request))


def device_of(request: HttpRequest) -> str:
    """Browser and system as a code like `Firefox Linux`; a part that is not recognised is left out."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    found = [next((code for mark, code in known if mark in agent), "") for known in (BROWSERS, SYSTEMS)]
    return " ".join(filter(None, found))


def word_of(request: HttpRequest) -> str:
    """What the browser keeps of an earlier sign-in; see `people.devices`."""
    return request.COOKIES.get(settings.BAKEN_DEVICE_COOKIE, "")


def address_of(request: HttpRequest) -> str | None:
    """The network address that asks."""
    return network.address_of(request.META)
