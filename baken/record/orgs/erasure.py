"""What becomes of a record when a person or an organisation is erased, and what of it is theirs to take along.

Every app says so for its own records, in a module `erasure`: a `Rule` for each model that refers to a person or an
organisation or holds what somebody wrote. `record.privacy` puts them together. A model without a rule fails a test.

Erasing goes in batches of one transaction each, and what is left to do can be seen in the rows themselves. So it can be
killed at any point, and be done again over what was erased already.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Func, Q, QuerySet

from baken.record.orgs import keys
from baken.record.orgs.fields import WrittenField
from baken.record.orgs.models import (
    DataKey,
    File,
    FileChunk,
    FileFault,
    Organisation,
    Rotation,
    SearchToken,
    WrappingKey,
)

BATCH = 500


class Fate(Enum):
    """What becomes of rows: they go, what was written in them goes, or they stay, being codes and times."""

    GOES = "goes"
    BLANKED = "blanked"
    STAYS = "stays"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What becomes of the rows of a model, and what is exported of them.

    person: the column that says whose row it is; empty when it is no person's own. mentions: other columns with a
    person or an organisation, of which a nameless row stays. owner: the way to the row's organisation; empty for none.
    texts: what is blanked with a person; all that is sealed when not given. also: other columns, and what becomes of
    them when a row is blanked. carries: the column with a file that goes with the row, and is exported with it. after:
    told, in the same transaction, which rows were blanked. key: what batches are made by.

    document: under which name rows are exported; empty for none. columns: what is exported of a row. withheld: what is
    sealed and in no export, being a secret. shown: those of an organisation's rows that it may see itself, and so are
    in its export. writer: the way to whoever wrote a row that stays when they are erased, being another's proof: their
    export has it. written: what a person's export has of a row, where others wrote the rest; all when not given.
    """

    model: type[models.Model]
    person: str = ""
    mentions: tuple[str, ...] = ()
    owner: str = "organisation_id"
    with_person: Fate = Fate.STAYS
    with_organisation: Fate = Fate.STAYS
    texts: tuple[str, ...] = ()
    also: Mapping[str, Any] = field(default_factory=dict)
    carries: str = ""
    after: Callable[[Sequence[UUID]], None] | None = None
    key: str = "pk"
    document: str = ""
    columns: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    shown: Q = field(default_factory=Q)
    writer: str = ""
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whose:
    """Of whom: a person, or with `person` None a whole organisation."""

    organisation: UUID
    person: UUID | None = None


def sealed_columns(model: type[models.Model]) -> tuple[str, ...]:
    """The columns of a model with what somebody wrote."""
    return tuple(column.attname for column in model._meta.concrete_fields if isinstance(column, WrittenField))


def of(rule: Rule, whose: Whose) -> QuerySet[Any] | None:
    """The rows that are theirs; None when the model holds nothing of theirs."""
    column, value = (rule.person, whose.person) if whose.person else (rule.owner, whose.organisation)
    return rule.model._base_manager.filter(**{column: value}) if column else None


def left(rule: Rule, whose: Whose) -> QuerySet[Any] | None:
    """The rows of theirs that an erasure still has to touch; None when it touches none of this model."""
    fate, rows = rule.with_person if whose.person else rule.with_organisation, of(rule, whose)
    if rows is None or fate is Fate.STAYS:
        return None
    return rows if fate is Fate.GOES else _with_text(rows, _texts(rule, whose))


def not_done(rule: Rule, ids: Sequence[UUID], *, people: bool) -> set[UUID]:
    """Those of these people, or else of these organisations, of whom an erasure by this rule still finds something."""
    column, fate = (rule.person, rule.with_person) if people else (rule.owner, rule.with_organisation)
    if not column or fate is Fate.STAYS:
        return set()
    rows = rule.model._base_manager.filter(**{f"{column}__in": ids})
    if fate is Fate.BLANKED:
        rows = _with_text(rows, texts_of_a_person(rule) if people else sealed_columns(rule.model))
    return set(rows.values_list(column, flat=True).distinct())


def erase_some(rule: Rule, whose: Whose) -> int:
    """Erase a batch of what is left; how many rows that were."""
    rows = left(rule, whose)
    if rows is None:
        return 0
    goes = (rule.with_person if whose.person else rule.with_organisation) is Fate.GOES
    with transaction.atomic():
        held = rows if goes else rows.order_by("pk").select_for_update(of=("self",))
        found = list(held.values_list(rule.key, flat=True)[: _batch(rule)])
        if rule.carries:
            File.objects.filter(id__in=list(rows.filter(pk__in=found).values_list(rule.carries, flat=True))).delete()
            return len(found)
        if goes:
            return rows.filter(**{f"{rule.key}__in": found}).delete()[0]
        blank = {**dict.fromkeys(_texts(rule, whose), ""), **rule.also}
        rule.model._base_manager.filter(pk__in=found).update(**blank)
        if found and rule.after and whose.person:
            rule.after(found)
        return len(found)


@transaction.atomic
def destroy_keys(organisation: UUID) -> None:
    """Make all that an organisation wrote unreadable at once; a rotation of its keys that is under way ends."""
    Organisation.objects.select_for_update().filter(id=organisation).first()
    Rotation.objects.filter(organisation_id=organisation).delete()
    keys.destroy(organisation)


def with_keys(organisations: Sequence[UUID]) -> set[UUID]:
    """Those of whom something could still be opened."""
    wrapped = WrappingKey.objects.filter(organisation_id__in=organisations, destroyed=False)
    data = DataKey.objects.filter(organisation_id__in=organisations)
    return {id for held in (wrapped, data) for id in held.values_list("organisation_id", flat=True)}


def texts_of_a_person(rule: Rule) -> tuple[str, ...]:
    """The columns whose text is the person's own."""
    return rule.texts or sealed_columns(rule.model)


def _texts(rule: Rule, whose: Whose) -> tuple[str, ...]:
    return texts_of_a_person(rule) if whose.person else sealed_columns(rule.model)


def _with_text(rows: QuerySet[Any], columns: Sequence[str]) -> QuerySet[Any]:
    """Those with anything in these columns; the sealed bytes are only measured."""
    wanted = Q()
    for column in columns:
        size = Func(F(column), function="octet_length", output_field=models.IntegerField())
        rows = rows.alias(**{f"{column}_size": size})
        wanted |= Q(**{f"{column}_size__gt": 0})
    return rows.filter(wanted)


def carried(rule: Rule, whose: Whose) -> QuerySet[Any]:
    """The ids of the files that belong to rows of theirs."""
    rows = of(rule, whose)
    assert rows is not None and rule.carries
    return rows.values(rule.carries)


def _batch(rule: Rule) -> int:
    if rule.carries:
        return BATCH // 50  # files are large
    heaviest = max((f.weight for f in rule.model._meta.concrete_fields if isinstance(f, WrittenField)), default=1)
    return max(10, BATCH // heaviest)


RULES = (
    Rule(model=SearchToken, with_organisation=Fate.GOES, key="record"),
    Rule(model=FileChunk, with_organisation=Fate.GOES, withheld=("content",)),
    Rule(model=FileFault, mentions=("by",), with_organisation=Fate.GOES),
    Rule(
        model=File, person="by", with_person=Fate.BLANKED, with_organisation=Fate.GOES,
        shown=Q(kept_at__isnull=False, visible=True),
        document="files", columns=("id", "name", "media_type", "size", "sha256", "created_at"),
    ),
    Rule(model=Rotation, with_organisation=Fate.GOES),
    Rule(
        model=Organisation, owner="id", with_organisation=Fate.BLANKED,
        document="organisation", columns=("id", "code", "kind", "name", "zone", "language", "created_at"),
    ),
)  # fmt: skip
"""The search tokens of a person's texts go with these texts, by the rules of the apps that made them. What chunks hold
is in an export as the files themselves. With a person the names of files go that they sent, and the attachments of what
they wrote; another file is the organisation's, as the signed report of an audit is. Objects in an object store go when
the store is swept."""
