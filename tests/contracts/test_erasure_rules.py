"""No record is forgotten by an erasure or an export: every model with somebody in it, or text, has a rule.

Whoever adds such a model adds a `Rule` to the `erasure.py` of its app (see `record.orgs.erasure`).
"""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models

from baken.record.orgs.erasure import Fate, Rule, sealed_columns
from baken.record.orgs.models import FileChunk, Organisation, WrappingKey
from baken.record.people.models import User
from baken.record.privacy.rules import RULES

WHO = {"by", "person", "user", "author", "reporter", "reader"}
"""What a column is called that holds the id of a person without being a foreign key."""
RULED = {rule.model: rule for rule in RULES}


def record_models() -> Iterator[type[models.Model]]:
    return (model for model in apps.get_models() if model.__module__.startswith("baken."))


def referring(model: type[models.Model], *targets: type[models.Model]) -> list[models.ForeignKey]:  # type: ignore[type-arg]
    keys = (field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey))
    return [key for key in keys if key.related_model in targets]


def without_a_rule(ruled: dict[type[models.Model], Rule]) -> list[str]:
    """Models that hold something of somebody, and have no rule."""
    return [
        model.__name__
        for model in record_models()
        if model not in ruled and (referring(model, User, Organisation) or sealed_columns(model))
    ]


def test_every_model_with_somebody_in_it_has_one_rule() -> None:
    assert without_a_rule(RULED) == []
    assert len(RULED) == len(RULES)


def test_a_model_without_a_rule_is_found() -> None:
    from baken.record.incidents.models import Message
    from baken.record.people.models import Membership

    missing = {model: rule for model, rule in RULED.items() if model not in (Message, Membership)}
    assert set(without_a_rule(missing)) == {"Message", "Membership"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.model.__name__)
def test_a_rule_says_of_every_person_in_a_row_what_they_are_to_it(rule: Rule) -> None:
    named = {rule.person.removesuffix("_id"), *rule.mentions, "organisation"}
    for key in referring(rule.model, User, Organisation):
        assert key.name in named, f"{rule.model.__name__}.{key.name} is neither whose row it is nor mentioned"
    for field in rule.model._meta.concrete_fields:
        if isinstance(field, models.UUIDField) and field.name in WHO:
            assert field.name in named, f"{rule.model.__name__}.{field.name} names a person"
    if not rule.person:
        assert rule.with_person is Fate.STAYS, "nobody's rows cannot go with a person"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.model.__name__)
def test_no_text_outlives_its_organisation_or_its_writer(rule: Rule) -> None:
    if not sealed_columns(rule.model):
        return
    assert rule.with_organisation is not Fate.STAYS
    assert not rule.person or rule.with_person is not Fate.STAYS
    assert set(rule.texts) <= set(sealed_columns(rule.model))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.model.__name__)
def test_every_text_is_exported_or_withheld_as_a_secret(rule: Rule) -> None:
    assert set(sealed_columns(rule.model)) <= {*rule.columns, *rule.withheld}
    assert bool(rule.document) == bool(rule.columns)
    known = {field.attname for field in rule.model._meta.concrete_fields}
    assert set(rule.columns) <= known
    assert set(rule.written) <= set(rule.columns)
    assert not (rule.person and rule.writer), "whose row it is takes it along already"
    assert not set(rule.columns) & {
        "password",
        "email_key",
        "digest",
        "session_key",
        "secret",
        "lookup",
        "credential",
    } or (rule.document == "sealed_reports"), "what somebody signs in with is in no export"


def test_documents_have_names_of_their_own() -> None:
    names = [rule.document for rule in RULES if rule.document]
    assert len(names) == len(set(names))


def test_rows_are_erased_before_those_they_refer_to() -> None:
    order = [rule.model for rule in RULES]
    wrong = [
        f"{model.__name__} comes after {key.related_model.__name__}"
        for place, model in enumerate(order)
        for key in referring(model, *order[:place])
        if key.related_model is not model and RULED[key.related_model].with_organisation is Fate.GOES
    ]
    assert wrong == []
    assert FileChunk in RULED and WrappingKey not in RULED, "keys are destroyed, which no rule has to say"
