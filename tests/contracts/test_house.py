"""The rules of the house hold; and those that a tool checks are shown to bite, by breaking them in a copy."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.management import call_command
from django.db import models

from baken.record.orgs.fields import CodeField, WrittenField

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
PLANTED = {
    "domain/planted.py": "import socket\nfrom baken.run import configuration\n",
    "reach/planted.py": "import django\n",
    "record/orgs/planted.py": "from baken.record.reports import reads\n",
    "record/complaints/planted.py": "from baken.record.incidents import reads\n",
    "record/ledger/planted.py": "from baken.reach import postgres\n",
    "show/web/planted.py": "from baken.show.api import urls\n",
    "attic/__init__.py": "",
}
"""A file that breaks a contract, for each of them; the last is a room that nobody placed."""
LONGEST = 400
SOURCES = (".py", ".html", ".css", ".js", ".sql", ".sh")
BUCKETS = re.compile(r"^_?(utils?|helpers?|common|core|misc)(\.\w+)?$")
JSON_OF_CODES = {"LedgerFact.data", "AgreementVersion.terms"}
"""Facts and terms are codes and numbers; what a person wrote about them lies in columns of its own."""
DJANGOS_OWN = {"User.password"}
"""A hash, in the column that Django's base class brings."""


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([command, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def broken_house(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "baken", folder / "baken", ignore=shutil.ignore_patterns("__pycache__", "static", "locale"))
    for name, text in PLANTED.items():
        path = folder / "baken" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return lint(folder)


def test_the_imports_of_the_house_keep_every_contract() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken" in done.stdout


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"][:30])
def test_a_contract_bites(contract: dict[str, str], broken_house: "subprocess.CompletedProcess[str]") -> None:
    assert broken_house.returncode != 0
    assert re.search(re.escape(contract["name"][:70]) + r".*BROKEN", broken_house.stdout), broken_house.stdout


def test_a_room_that_nobody_placed_is_found(broken_house: "subprocess.CompletedProcess[str]") -> None:
    assert re.search(r"attic", broken_house.stdout), broken_house.stdout


def record_models() -> Iterator[type[models.Model]]:
    return (model for model in apps.get_models() if model.__module__.startswith("baken."))


def floors() -> dict[str, int]:
    """The floor of every record app, from the contract for imports: 0 is the top."""
    (contract,) = (found for found in CONTRACTS if found.get("containers") == ["baken.record"])
    return {app: floor for floor, apps_there in enumerate(contract["layers"]) for app in re.findall(r"\w+", apps_there)}


def test_foreign_keys_point_down_like_imports() -> None:
    floor, wrong = floors(), []
    for model in record_models():
        for field in model._meta.get_fields():
            target = field.related_model
            if not isinstance(field, models.ForeignKey | models.ManyToManyField) or not isinstance(target, type):
                continue
            here, there = model._meta.app_label, target._meta.app_label
            if there != here and floor[there] <= floor[here]:
                wrong.append(f"{model.__name__}.{field.name} points from {here} to {there}")
    assert wrong == []
    assert len(list(record_models())) > 20


def test_text_lies_in_written_and_code_fields_alone() -> None:
    wrong = []
    for model in record_models():
        for field in model._meta.concrete_fields:
            inner = field.base_field if isinstance(field, ArrayField) else field
            name = f"{model.__name__}.{field.name}"
            text = isinstance(inner, models.CharField | models.TextField | models.FileField)
            if text and not isinstance(inner, WrittenField | CodeField) and name not in DJANGOS_OWN:
                wrong.append(name)
            if isinstance(inner, models.JSONField) and name not in JSON_OF_CODES:
                wrong.append(name)
    assert wrong == []


def files() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        inside = path.relative_to(ROOT)
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
            yield path


def test_nothing_is_a_bucket() -> None:
    named = {part for path in files() for part in path.relative_to(ROOT).parts if BUCKETS.match(part)}
    assert named == set()
    packages = {path.parent.name for path in files() if path.name == "__init__.py"}
    assert "services" not in packages, "a page about the services of a provider is no bucket, a package would be"


def test_every_file_can_be_read_in_one_go() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files()
        if path.suffix in SOURCES and (lines := path.read_text().count("\n")) > LONGEST
    }
    assert long == {}


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
