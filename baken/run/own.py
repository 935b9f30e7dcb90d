"""Baken is its own first service: the installation measures itself, from its own location, like any other service."""

from django.conf import settings
from django.db import connection, transaction

from baken.domain.agreements import default_terms
from baken.reach.prober import signing
from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.models import Service
from baken.record.detection.opening import OWN_SERVICE
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.monitors.models import Location, Monitor
from baken.record.orgs.models import Organisation
from baken.record.people.access import program
from baken.record.people.reads import provider
from baken.run import kept
from baken.run.keys import OWN_LOCATION

SELF = program("baken")
PAGES = {"Pages": "/sign-in/", "API": "/api/v1/health"}
"""What is measured: the name of the monitor, and its address behind BAKEN_URL."""


@transaction.atomic
def watch_itself(*, renew_key: bool = False) -> bool:
    """See to it that the location, the service and its monitors are there; whether there is a provider to own them.

    Doing it again changes nothing, except where BAKEN_URL has. With `renew_key` the location takes the key of this
    home, whichever it had before.
    """
    owner = provider()
    if owner is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('own service', 0))")
    _ensure_location(owner, renew_key)
    service = Service.objects.filter(code=OWN_SERVICE).first() or _add_service(owner)
    known = {monitor.name: monitor for monitor in Monitor.objects.filter(service=service).order_by("created_at")}
    for name, path in PAGES.items():
        _ensure_monitor(service, name, f"{settings.BAKEN_URL}{path}", known.get(name))
    return True


def _ensure_location(owner: Organisation, renew_key: bool) -> None:
    location = Location.objects.filter(code=OWN_LOCATION).first()
    if location and not renew_key:
        return
    public = signing.public_key(kept.prober_key())
    if location is None:
        monitors.add_location(SELF, provider=owner, code=OWN_LOCATION, name="", public_key=public)
    elif location.public_key != public:
        monitors.replace_key(SELF, OWN_LOCATION, public)


def _add_service(owner: Organisation) -> Service:
    return catalogue.add_service(
        SELF, provider=owner, code=OWN_SERVICE, name="Baken", terms=default_terms(owner.zone), valid_from=clock.now()
    )


def _ensure_monitor(service: Service, name: str, url: str, known: Monitor | None) -> None:
    """One that somebody stopped stays so."""
    if known is None:
        monitors.add_monitor(SELF, service=service, name=name, url=url)
    elif known.url != url and known.stopped_at is None:
        monitors.change_monitor(SELF, known.id, url=url)
