"""Days and instants in forms: what a field begins with arrives in the browser and comes back, in every language.

A browser takes `2026-05-05` in an input of type date and nothing else. Django writes `05-05-2026` in Dutch, which is
shown as empty, so that whoever saves the form takes the day away.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django import forms
from django.utils import timezone, translation

from baken import show

TAKEN = {
    "date": (date(2026, 5, 5), "2026-05-05"),
    "datetime-local": (datetime(2026, 5, 5, 14, 30, tzinfo=UTC), "2026-05-05T16:30"),
    "time": (datetime(2026, 5, 5, 14, 30, tzinfo=UTC).time(), "14:30"),
}
"""By the type of an input: a value, and how the browser wants to hear it, in Amsterdam."""
OF_TIME = (forms.DateField, forms.DateTimeField, forms.TimeField, forms.SplitDateTimeField)


def all_forms(kind: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    for form in kind.__subclasses__():
        if form.__module__.startswith("baken."):
            yield form
        yield from all_forms(form)


def fields() -> list[tuple[str, forms.Field]]:
    for module in pkgutil.walk_packages(show.__path__, "baken.show."):
        importlib.import_module(module.name)
    found = {
        f"{form.__name__}.{name}": field
        for form in all_forms()
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, OF_TIME) or getattr(field.widget, "input_type", "") in TAKEN
    }
    return sorted(found.items())


FIELDS = fields()


def test_there_are_such_fields() -> None:
    assert {"DescribeForm.next_due", "LooksForm.first", "ImprovementForm.due", "DrillForm.finished"} <= set(
        dict(FIELDS)
    )


def test_there_is_no_other_place_where_such_fields_are_made() -> None:
    made = re.compile(r"\b(Split)?(Date|Time|DateTime)(Field|Input|Widget)\(")
    sources = Path(show.__file__).parent.rglob("*.py")
    assert {path.name for path in sources if made.search(path.read_text())} == {"fields.py"}


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(("name", "field"), FIELDS, ids=[name for name, _field in FIELDS])
def test_a_browser_takes_what_the_field_holds(name: str, field: forms.Field, language: str) -> None:
    value, taken = TAKEN[str(getattr(field.widget, "input_type", ""))]
    with translation.override(language), timezone.override("Europe/Amsterdam"):
        form = type("One", (forms.Form,), {"when": field})(initial={"when": value})
        written = re.search(r'value="([^"]*)"', str(form["when"]))
        assert written, f"{name} says nothing of {value}"
        assert written[1] == taken
        assert form.fields["when"].clean(written[1]) == value
