"""Compiles the translations that are kept as text."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent / "show/locale"


def compile_catalogues(folder: Path = LOCALE) -> list[Path]:
    """Write `django.mo` beside every `django.po` that is newer; gives what was written.

    Raises OSError when the folder cannot be written: pages are then in English.
    """
    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/django.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name)
        draft = target.with_suffix(f".mo.{os.getpid()}")  # somebody else may be at it
        with draft.open("wb") as file:
            write_mo(file, catalogue)
        draft.replace(target)  # readers never see half a catalogue
        written.append(target)
    return written
