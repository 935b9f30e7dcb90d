"""Rotating the data key of an organisation: every value sealed again under a new version, while people go on working.

1. A new version is made, and a `Rotation` row says so. 2. It becomes primary: what is written from now on is sealed
with it. 3. Each table is walked in order of id, in batches of one transaction each; the row says how far. Rows are
locked while they are sealed again, so a change under way is neither lost nor overwritten. 4. A process that had the
old version in its hands may have sealed with it meanwhile: tables are swept until none is left. 5. Then the old
versions are deleted, and copies of old values, wherever they are, are noise.

What does not open stays as it is, and so do the old versions, unless whoever rotates gives it up: a copy of it from
before it was damaged, or an object that is found again, could still be opened with them.

New versions of many organisations are begun first and all together, so that the wait of step 4 is one for all of them.

Killed at any point it goes on where it was. Both versions open throughout, so no read ever fails.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models, transaction

from baken.record.orgs import arriving, keys, places, sealing, spreading, unopened
from baken.record.orgs.fields import Sealed, WrittenField
from baken.record.orgs.models import DataKey, File, FileFault, Organisation, Rotation

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of an organisation's rows are done."""

    done: int
    total: int


class Unfinished(Exception):
    """Something does not open, so the old key stays. left: what, each in a few words."""

    def __init__(self, left: Sequence[str]) -> None:
        super().__init__(f"{len(left)} things do not open, so the old key stays")
        self.left = left


def rotate(
    organisation: UUID, progress: Callable[[Progress], None], *, begin: bool = True, give_up: bool = False
) -> None:
    """Rotate an organisation's data key, going on with a rotation that was interrupted.

    begin: whether to begin one when none is under way. give_up: destroy the old key although something does not open
    with it. Raises KeysErased, StoreUnreachable, and Unfinished when something does not open: it can be run again.
    """
    if begin:
        begin_one(organisation)
    rotation = Rotation.objects.filter(organisation_id=organisation).first()
    if rotation is None:
        return
    total = sum(_rows(model, organisation).count() for model in sealed_models())
    with places.only_one(organisation):
        for done in _walk(rotation):
            progress(Progress(done, total))
        _finish(rotation, give_up)


def pending() -> list[UUID]:
    """Organisations whose rotation was interrupted."""
    return list(Rotation.objects.order_by("switched_at").values_list("organisation_id", flat=True))


def sealed_models() -> list[type[models.Model]]:
    """Every record with something that a person wrote, in a fixed order."""
    found = [model for model in apps.get_models() if _written(model)]
    return sorted(found, key=lambda model: model._meta.label)


def _written(model: type[models.Model]) -> list[WrittenField]:
    return [field for field in model._meta.concrete_fields if isinstance(field, WrittenField)]


def _rows(model: type[models.Model], organisation: UUID) -> "models.QuerySet[Any]":
    owner = "id" if model is Organisation else "organisation_id"
    return model._default_manager.filter(**{owner: organisation}).order_by("id")


@transaction.atomic
def begin_one(organisation: UUID) -> None:
    """Let what is written from now on be sealed with a new version, unless a rotation is under way. Raises KeysErased.

    Whoever rotates many organisations begins all of them first: every process then learns of all in the same time.
    """
    Organisation.objects.select_for_update().get(id=organisation)
    if not Rotation.objects.filter(organisation_id=organisation).exists():
        held = Rotation(organisation_id=organisation, version=keys.add_version(organisation))
        held.save(force_insert=True)
        keys.make_primary(organisation, held.version)


def _walk(rotation: Rotation) -> Iterator[int]:
    """Seal everything again, from where the rotation is; gives the number of rows looked at so far, now and then."""
    labels = [model._meta.label for model in sealed_models()]
    done = rotation.done
    for model in sealed_models()[labels.index(rotation.table) if rotation.table in labels else 0 :]:
        last = rotation.last if rotation.table == model._meta.label else None
        while True:
            with transaction.atomic():
                rows = list(_after(model, rotation.organisation_id, last).select_for_update()[: _batch(model)])
                _seal_again(model, rows, rotation.version)
                if rows:
                    last, done = rows[-1].pk, done + len(rows)
                rotation.table, rotation.last, rotation.done = model._meta.label, last, done
                rotation.save(update_fields=["table", "last", "done"])
            yield done
            if len(rows) < _batch(model):
                break


def _batch(model: type[models.Model]) -> int:
    """How many rows are sealed again in one transaction: fewer where they are large."""
    return max(1, BATCH // max(field.weight for field in _written(model)))


def _after(model: type[models.Model], organisation: UUID, last: UUID | None) -> "models.QuerySet[Any]":
    names = ["pk", *(name for field in _written(model) for name in (field.name, *field.binds))]
    owner = [] if model is Organisation else ["organisation"]
    rows = _rows(model, organisation).only(*names, *owner)
    return rows if last is None else rows.filter(id__gt=last)


def _seal_again(model: type[models.Model], rows: list[Any], version: int) -> set[UUID]:
    """Seal rows with a version of the key; gives the ids of those of which something does not open."""
    fields = _written(model)
    stale = [row for row in rows if any(_is_stale(row.__dict__.get(field.attname), version) for field in fields)]
    if not stale:
        return set()
    sealed = [[_sealed(field, row, version) for row in stale] for field in fields]
    fresh = [
        [field.get_db_prep_value(value, connection) for value in values]
        for field, values in zip(fields, sealed, strict=True)
    ]
    columns = [connection.ops.quote_name(str(field.column)) for field in fields]
    news = ", ".join(f"{column} = fresh.{column}" for column in columns)
    given = ", ".join(["%s::uuid[]", *["%s::bytea[]"] * len(fields)])
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {news} FROM unnest({given}) AS fresh (id, {', '.join(columns)}) "  # noqa: S608  our own
            f"WHERE {table}.id = fresh.id",
            [[row.pk for row in stale], *fresh],
        )
    return {row.pk for values in sealed for row, value in zip(stale, values, strict=True) if _is_stale(value, version)}


def _is_stale(held: Any, version: int) -> bool:
    return isinstance(held, Sealed) and not held.startswith(sealing.head(version))


def _sealed(field: WrittenField, row: Any, version: int) -> Any:
    """The value under the new version, which it may have already; as it is when it does not open."""
    held = row.__dict__.get(field.attname)
    if not _is_stale(held, version):
        return held
    place = field.place(row)
    try:
        return Sealed(sealing.seal(sealing.unseal(held, place), place, version))
    except (sealing.Unsealable, keys.UnknownKey):
        unopened.note(*place)
        return held


def _finish(rotation: Rotation, give_up: bool) -> None:
    """Sweep up what was sealed with an old version meanwhile, then destroy the old versions. Raises Unfinished."""
    spreading.wait(rotation.switched_at)
    left = [*_sweep(rotation), *_files(rotation)]
    if left and not give_up:
        raise Unfinished(left)
    with transaction.atomic():
        DataKey.objects.filter(organisation_id=rotation.organisation_id, version__lt=rotation.version).delete()
        rotation.delete()
    keys.forget(rotation.organisation_id)


def _sweep(rotation: Rotation) -> list[str]:
    """Seal again what is under another version, until nothing is but what does not open; gives that."""
    left: dict[type[models.Model], set[UUID]] = {model: set() for model in sealed_models()}
    while stale := [(model, ids) for model, closed in left.items() if (ids := _stale(model, rotation, closed))]:
        for model, ids in stale:
            with transaction.atomic():
                rows = _after(model, rotation.organisation_id, None).filter(pk__in=ids)
                left[model] |= _seal_again(model, list(rows.select_for_update()), rotation.version)
    return [f"{model._meta.label} {id}" for model, ids in left.items() for id in sorted(ids)]


def _files(rotation: Rotation) -> list[str]:
    """Seal again what lies in an object store; gives the files of which something is missing or does not open."""
    left = {file.id: file for file in places.seal_parts_again(rotation.organisation_id, rotation.version)}
    left |= {file.id: file for file in places.incomplete(rotation.organisation_id)}
    for file in left.values():
        if file.kept_at is not None:
            arriving.note_fault(file, FileFault.Kind.DAMAGED)
    return [f"{File._meta.label} {id}, its content" for id in sorted(left)]


def _stale(model: type[models.Model], rotation: Rotation, but: Collection[UUID] = ()) -> list[UUID]:
    """At most a batch of rows with a value under another version, but for some."""
    head, table = sealing.head(rotation.version), model._meta.db_table
    wrong = " OR ".join(f"(length({f.column}) > 0 AND substring({f.column} FOR 5) <> %s)" for f in _written(model))
    owner = "id" if model is Organisation else "organisation_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} WHERE {owner} = %s AND ({wrong}) "  # noqa: S608  our own names
            f"AND id <> ALL(%s::uuid[]) LIMIT {_batch(model)}",
            [rotation.organisation_id, *[head] * len(_written(model)), list(but)],
        )
        return [id for (id,) in cursor.fetchall()]
