"""The kinds of column a record may have for text.

`WrittenField` holds whatever a person wrote: names, addresses, subjects, messages. It seals such text for its row, so
that whoever holds the database reads none of it. `ContentField` and `ChunkField` do the same for values with text in
them and for pieces of files. `CodeField` holds codes that the
program chose or that name a thing in an address. A record with text in any other column fails a contract test.
"""

import json
import secrets
import struct
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from baken.record.orgs.unopened import Unread

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


before_sealing: list[Callable[["WrittenField", Sequence[models.Model], bool], None]] = []
"""Asked before texts of a column go into their rows. What they raise keeps them out. The last: of somebody erased."""


class SealedError(TypeError):
    """Sealed text was used in a way that only plain text allows."""


def _no_nul(value: str) -> None:
    """PostgreSQL text cannot hold NUL; say so instead of failing in the database."""
    if "\x00" in value:
        raise ValidationError("Remove the NUL character: text cannot hold it.", code="nul")


class Sealed(bytes):
    """A value as the database holds it, not opened yet."""


class SealedText(DeferredAttribute):
    """Opens a sealed value when it is first looked at, and keeps what it says on the row."""

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        if instance is None:
            return self
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            field = cast("WrittenField", self.field)
            value = field.open(instance, value)
            if not isinstance(value, Unread):  # the row keeps what it holds: nothing is saved in its place
                instance.__dict__[field.attname] = value
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class WrittenField(Text):
    """Text that a person wrote, at most `limit` characters. The database holds it sealed; see `orgs.sealing`.

    It is sealed for its row when the row is saved, and opened when it is looked at. It cannot be compared, searched or
    sorted by in the database, and not be written past the row (`update`, `bulk_update`): each raises SealedError. Empty
    text is stored as it is.
    """

    descriptor_class = SealedText
    binds: tuple[str, ...] = ()
    """Columns, besides organisation and id, that a value is bound to."""
    acted_on = False
    """Whether the program acts on what it says, so that no words may stand in its place."""
    weight = 1
    """How many ordinary texts a value is as large as, roughly."""

    def __init__(self, *args: Any, limit: int = TEXT, secret: bool = False, **kwargs: Any) -> None:
        """secret: somebody proves something by it."""
        self.limit = limit
        self.acted_on = self.acted_on or secret
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)
        self.validators = [*self.validators, MaxLengthValidator(limit), _no_nul]

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "limit": self.limit}

    def db_type(self, connection: Any) -> str:
        """Bytes."""
        return "bytea"

    def get_lookup(self, lookup_name: str) -> Any:
        """None of the database's comparisons works on what is sealed."""
        raise SealedError(f"{self.name} is sealed: it cannot be looked up by; use search tokens")

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """What the database holds, opened only when it is looked at."""
        return Sealed(value) if value else ""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """The value sealed for its row; one that nobody opened stays as the database has it by now."""
        held = model_instance.__dict__.get(self.attname, "")
        if isinstance(held, Sealed):
            return held if add else models.F(self.attname)  # it may have been sealed with another key meanwhile
        return self.seal(model_instance, held, self.ask_before([model_instance])(model_instance))

    def ask_before(self, rows: Sequence[models.Model]) -> Callable[[models.Model], int | None]:
        """Before the texts of this column on these rows are sealed: whether they may be, and under which key.

        Gives for a row the version, which is kept until the transaction ends. Raises what keeps the texts out.
        """
        from baken.record.orgs import keys

        written = [row for row in rows if row.__dict__.get(self.attname)]
        held = keys.hold({self.place(row).organisation for row in written}) if written else {}
        for ask in before_sealing if written else ():
            ask(self, written, any(one.erased for one in held.values()))
        versions = {organisation: one.version for organisation, one in held.items()}
        return lambda row: versions.get(self.place(row).organisation) if versions else None

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Only what is sealed goes to the database."""
        if value in ("", None) or isinstance(value, Sealed):
            return bytes(value or b"")
        raise SealedError(f"{self.name} is sealed for its row: save the row instead of updating past it")

    def seal(self, row: models.Model, value: Any, version: int | None = None) -> Sealed | str:
        """The value for its place on a row, under a version of the key; else the present one.

        Raises Unsealable for words that only stood in the place of a text.
        """
        from baken.record.orgs import sealing, unopened

        if unopened.stands_for_another(value):
            raise sealing.Unsealable(f"{self.model._meta.db_table}.{self.attname}: {sealing.Unsealable.__doc__}")
        return Sealed(sealing.seal(self.to_bytes(value), self.place(row), version)) if value else ""

    def open(self, row: models.Model, sealed: Sealed) -> Any:
        """What was sealed for this place; nothing when the keys of its organisation were destroyed.

        What was tampered with is noted. Where it is only shown, words stand in its place (`unopened.showing`); else
        this raises what `sealing.unseal` raises.
        """
        from baken.record.orgs import keys, opened, sealing, unopened

        place = self.place(row)
        try:
            value = self.from_bytes(sealing.unseal(sealed, place))
        except keys.KeysErased:
            return self.erased()
        except (sealing.Unsealable, keys.UnknownKey):
            unopened.note(*place)
            if (instead := None if self.acted_on else unopened.instead()) is None:
                raise
            return instead
        opened.note(place.organisation, self.model._meta.model_name or "", place.row[:16])
        return value

    def erased(self) -> Any:
        """What is read where the keys were destroyed: somebody who was erased wrote nothing."""
        return ""

    def to_bytes(self, value: Any) -> bytes:
        """What is sealed of a value."""
        return str(value).encode()

    def from_bytes(self, opened: bytes) -> Any:
        """The value again."""
        return opened.decode()

    def place(self, row: models.Model) -> Any:
        """Where a value of this column belongs on a row: to its organisation, which an organisation is itself."""
        from baken.record.orgs import sealing

        owner = row.pk if self.model._meta.label == "orgs.Organisation" else getattr(row, "organisation_id", None)
        if not isinstance(owner, uuid.UUID) or not isinstance(row.pk, uuid.UUID):
            raise SealedError(f"{self.model._meta.label}: set the organisation and the id before the text is sealed")
        return sealing.Place(owner, self.model._meta.db_table, self.attname, row.pk.bytes)


class ContentField(WrittenField):
    """A value of JSON's kinds with text in it that a person wrote. It is sealed as a whole."""

    _pyi_private_set_type: Any  # by these the checker knows what the column takes and gives
    _pyi_private_get_type: Any
    acted_on = True
    weight = 50

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.validators = []

    def to_bytes(self, value: Any) -> bytes:
        """As JSON, in ASCII."""
        return json.dumps(value, separators=(",", ":")).encode()

    def from_bytes(self, opened: bytes) -> Any:
        """The value again."""
        return json.loads(opened)


class ChunkField(ContentField):
    """A piece of a file, sealed for its file, its index in there, and for being the last one or not.

    So pieces that change places or files do not open, and a file cannot be cut off after a piece.
    """

    binds = ("file", "index", "last")

    def erased(self) -> Any:
        """A file of which a piece is gone is no file."""
        from baken.record.orgs import keys

        raise keys.KeysErased(str(keys.KeysErased.__doc__))

    def to_bytes(self, value: Any) -> bytes:
        """The piece."""
        return bytes(value)

    def from_bytes(self, opened: bytes) -> bytes:
        """The piece again."""
        return opened

    def place(self, row: Any) -> Any:
        """In the file instead of on a row."""
        return super().place(row)._replace(row=row.file_id.bytes + struct.pack(">I?", row.index, row.last))


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
