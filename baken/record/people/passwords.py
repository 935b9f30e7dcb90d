"""Passwords that are refused because others try them first: those that leaked, and those made of our own words.

Django's own validators do the rest: length, the commonest, and likeness to one's name and address.
"""

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError

from baken.record.people.models import User

OWN_WORDS = (
    "baken", "servicedesk", "helpdesk", "service", "desk", "admin", "administrator", "beheerder", "manager", "agent",
    "auditor", "customer", "klant", "provider", "support", "welkom", "welcome", "wachtwoord", "password", "incident",
)  # fmt: skip
"""Words of the product and its people; the name and code of one's organisation come with them."""
REST = 6
"""Letters that have to be left of a password when those words, digits and signs are taken out."""


class OwnWords:
    """Refuses what is little more than words that everybody around here knows, with digits and signs."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError."""
        rest = password.casefold()
        for word in sorted({*OWN_WORDS, *_of_organisation(user)}, key=len, reverse=True):
            rest = rest.replace(word, "")
        letters = re.sub(r"[\W\d_]", "", rest)
        if len(letters) < REST and rest != password.casefold():
            raise ValidationError("this password is made of words that are guessed first; choose other words")


class Leaked:
    """Refuses what is in the list of leaked passwords that the installation has, if it has one.

    The list has a line for each, `SHA-1:count` in the order of the digests, as Have I Been Pwned publishes it; nothing
    is asked of anybody. It is searched where it lies, some thirty reads for a billion lines.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError."""
        path = settings.BAKEN_LEAKED_PASSWORDS
        if path and _listed(Path(path), _digest(password)):
            raise ValidationError("this password has leaked somewhere, so others try it; choose another")


def _of_organisation(user: User | None) -> list[str]:
    """The words of an organisation's name and its code, those of three letters and more."""
    if user is None:
        return []
    named = f"{user.organisation.code} {user.organisation.name}".casefold()
    return [word for word in re.findall(r"\w+", named) if len(word) > 2]


def _digest(password: str) -> bytes:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()


def _listed(path: Path, digest: bytes) -> bool:
    """Whether a sorted file has a line that begins with this digest."""
    with path.open("rb") as file:
        low, high = 0, path.stat().st_size
        while low < high:
            middle = (low + high) // 2
            found = _line_at(file, middle)
            if found[: len(digest)].upper() == digest:
                return True
            if found and found[: len(digest)].upper() < digest:
                low = middle + 1
            else:
                high = middle
    return False


def _line_at(file: BinaryIO, at: int) -> bytes:
    """The first line that begins at this byte or behind it; empty at the end."""
    file.seek(max(0, at - 1))
    if at:
        file.readline()
    return file.readline()
