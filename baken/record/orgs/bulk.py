"""Writing many new rows at once."""

from collections.abc import Sequence
from operator import attrgetter

from django.db import connection, models


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model by COPY, many times faster than one statement with all of them in it.

    As they are: nothing is validated, and no column may need more than its Python value (JSON does). A number that
    the database gives out stays unknown to the row.
    """
    if not rows:
        return
    model = type(rows[0])._meta
    fields = [field for field in model.concrete_fields if not isinstance(field, models.AutoField | models.BigAutoField)]
    names = ", ".join(connection.ops.quote_name(field.attname) for field in fields)
    values = attrgetter(*(field.attname for field in fields))
    with connection.cursor() as cursor, cursor.copy(f"COPY {model.db_table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(values(row))
