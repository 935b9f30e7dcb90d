"""The kinds of column a record may have for text.

`WrittenField` holds whatever a person wrote: names, addresses, subjects, messages. It is the one place where such
text meets the database, so that protecting it is a matter of this module alone. `CodeField` holds codes that the
program chose or that name a thing in an address. A record with text in any other column fails a contract test.
"""

import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models

if TYPE_CHECKING:  # Django's fields take type arguments in the stubs alone
    Text = models.TextField[str, str]
    Char = models.CharField[str, str]
    Uuid = models.UUIDField[uuid.UUID, uuid.UUID]
else:
    Text, Char, Uuid = models.TextField, models.CharField, models.UUIDField

LINE = 200
"""Longest single line: a subject or a name, in characters."""
TEXT = 100_000
"""Longest text: one message, in characters."""


def new_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): sorts by creation, so indexes grow at one end, and gives away no count."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value)


def _no_nul(value: str) -> None:
    """PostgreSQL text cannot hold NUL; say so instead of failing in the database."""
    if "\x00" in value:
        raise ValidationError("Remove the NUL character: text cannot hold it.", code="nul")


class WrittenField(Text):
    """Text that a person wrote, at most `limit` characters."""

    def __init__(self, *args: Any, limit: int = TEXT, **kwargs: Any) -> None:
        self.limit = limit
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)
        self.validators = [*self.validators, MaxLengthValidator(limit), _no_nul]

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "limit": self.limit}


class CodeField(Char):
    """A short code of the program's own: a state, a kind, a slug, a digest. Never what a person wrote."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        super().__init__(*args, **kwargs)


class IdField(Uuid):
    """Primary key, known before the row is written."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(primary_key=True, default=new_id, editable=False)
        super().__init__(*args, **kwargs)


def clean_written(row: models.Model) -> None:
    """What people wrote fits the row's columns. Raises ValidationError; flows name the field in their own error."""
    row.clean_fields(exclude=[field.name for field in row._meta.fields if not isinstance(field, WrittenField)])
