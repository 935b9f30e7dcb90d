"""Private keys of locations and other secrets, as files that their owner alone can read."""

import secrets
from pathlib import Path

from baken.reach.prober import signing

OWN_LOCATION = "local"
"""Code of the location that every installation has: its own machine."""


def own_key(home: Path) -> Path:
    """Where the key of this installation's own location lies."""
    return home / "prober/local.key"


def ensure_key(path: Path) -> str:
    """Make the key if it is not there yet; the public half, base64. Raises KeyProblem for a file that is no key."""
    if not path.exists():
        write(path, signing.generate_key()[0])
    return signing.public_key(path.read_text())


def secret_in(path: Path) -> str:
    """The random word in a file, which is made if it is not there yet."""
    if not path.exists():
        write(path, secrets.token_urlsafe(24))
    return path.read_text().strip()


def write(path: Path, text: str) -> None:
    """Put it into a file, all of it or nothing, for its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
