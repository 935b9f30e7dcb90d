"""The password of the demonstration's people: published where this machine alone gets in, else one that is made up."""

import ipaddress
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password

from baken.record.people.models import User
from baken.run import configuration
from baken.run.keys import secret_in

PUBLISHED = "wolken boven zee"


def place() -> Path:
    """The file with the password that was made up, which its owner alone can read."""
    return Path(settings.BAKEN_HOME) / "demonstration.password"


def password() -> str:
    """The one they have. Once one was made up it stays, whatever is listened on later."""
    if place().exists() or not _for_this_machine_alone():
        return secret_in(place())
    return PUBLISHED


def given() -> str:
    """A new hash of it. One for all: making a hash takes a quarter of a second."""
    return make_password(password())


def withdraw_published(say: Callable[[str], None]) -> None:
    """Where others get in too, nobody has the published password any more; `say` hears of the one they have now."""
    people, told = User.objects.filter(memberships__organisation__demonstration=True), place().exists()
    if not people.exists() or password() == PUBLISHED:
        return
    known = set(people.values_list("password", flat=True).distinct())
    published = [held for held in known if check_password(PUBLISHED, held)]
    if published:
        User.objects.filter(id__in=people.values("id"), password__in=published).update(password=given())
    if not told or published:
        say(f"demonstration: others can reach it, so its people have a password of their own: {password()}")


def words() -> str:
    """Where the password is found, for whoever may sign in; one that was made up is not shown again."""
    return f"the password: {PUBLISHED}" if password() == PUBLISHED else f"the password in {place()}"


def _for_this_machine_alone() -> bool:
    return all(_is_loopback(host) for host in (configuration.bind(), urlsplit(configuration.url()).hostname or ""))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
