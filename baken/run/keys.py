"""The private keys of locations, as files that their owner alone can read."""

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
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(signing.generate_key()[0])
        draft.replace(path)
    return signing.public_key(path.read_text())
