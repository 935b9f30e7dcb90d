"""Secrets that occur nowhere else, all ways in which a program would write one down, and the search for those."""

import base64
import gzip
import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

PIECE = 8
"""Letters in a row that are looked for: PostgreSQL's compression puts a byte of its own between eight letters."""


def mark_of(seed: str) -> str:
    return "".join(random.Random(seed + str(time.time_ns())).choices("abcdefghijklmnopqrstuvwxyz", k=16))


def spellings(mark: str) -> list[bytes]:
    """All ways in which a mark could be written down, and pieces of it."""
    found: set[bytes] = set()
    for text in (mark, mark.upper()):
        raw = text.encode()
        found |= {raw[at : at + PIECE] for at in range(len(raw) - PIECE + 1)}
        found |= set(whole(text))
    return sorted(found)


def whole(text: str) -> list[bytes]:
    """All ways in which a text could be written down from its beginning to its end."""
    found: set[bytes] = set()
    for encoded in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")):
        found |= {encoded, encoded.hex().encode(), encoded.hex().upper().encode()}
        found |= {_inside_base64(encoded, before) for before in range(3)}
    return sorted(found)


def _inside_base64(raw: bytes, before: int) -> bytes:
    """The part of its base64 that does not depend on the `before` bytes in front of it, nor on what follows."""
    coded = base64.b64encode(bytes(before) + raw)
    return coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


def readable_in(paths: Iterable[Path], wanted: list[bytes]) -> Iterator[str]:
    """Which files hold one of the spellings in their content or their name; what is gzipped is unpacked."""
    for path in paths:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        content += str(path).encode()
        yield from (f"{path}: {spelling!r}" for spelling in wanted if spelling in content)


def files_below(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
