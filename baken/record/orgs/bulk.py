"""Writing many new rows at once."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from django.db import connection, models, transaction

from baken.record.orgs.fields import WrittenField


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model, many times faster than one statement with all of them in it.

    By COPY into a table of the moment, since PostgreSQL refuses it where policies hold, and from there in one stroke.

    As they are: nothing is validated, and no column may need more than its Python value (JSON does). A number that
    the database gives out stays unknown to the row.
    """
    if not rows:
        return
    model = type(rows[0])._meta
    fields = [field for field in model.concrete_fields if not isinstance(field, models.AutoField | models.BigAutoField)]
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    with transaction.atomic(), connection.cursor() as cursor:
        values = [_reader(field, rows) for field in fields]
        # Sealing may ask for a key, which COPY would not allow.
        lines = [[value(row) for value in values] for row in rows]
        cursor.execute(DRAFT.format(names=names, table=model.db_table))
        with cursor.copy(f"COPY draft ({names}) FROM STDIN") as copy:
            for line in lines:
                copy.write_row(line)
        cursor.execute(f"INSERT INTO {model.db_table} ({names}) SELECT {names} FROM draft")  # noqa: S608
        cursor.execute("DROP TABLE draft")


def seal(rows: Sequence[models.Model]) -> None:
    """Seal the texts of new rows of one model, which `bulk_create` would do one by one: what is asked is asked once."""
    for field in type(rows[0])._meta.concrete_fields if rows else ():
        if isinstance(field, WrittenField):
            version = field.ask_before(rows)
            for row in rows:
                row.__dict__[field.attname] = field.seal(row, row.__dict__[field.attname], version(row))


DRAFT = "CREATE TEMPORARY TABLE draft ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"


def _reader(field: Any, rows: Sequence[models.Model]) -> Callable[[models.Model], Any]:
    """What a row has in a column; what people wrote is sealed for it."""
    if isinstance(field, WrittenField):
        version = field.ask_before(rows)
        return lambda row: field.get_db_prep_value(
            field.seal(row, getattr(row, field.attname), version(row)), connection
        )
    return attrgetter(field.attname)
