"""Secrets that Baken makes itself and keeps in its home, each in a file for its owner alone.

Where Vault keeps the root key they are wrapped by it: what lies on the disk opens nothing. What was there before is
wrapped when it is next read, and opens what it opened.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from baken.reach.keyring import KeyringError, RootKey, VaultTransit, WrongRootKey
from baken.reach.prober import signing
from baken.run import configuration, keyring
from baken.run.configuration import ConfigurationError
from baken.run.keys import own_key, write

WRAPPED = "vault:"
"""How everything begins that Transit encrypted; no secret of ours does."""


def session_keys() -> list[str]:
    """The key that signs sessions, and after it the older ones that still open them; the first is made on first use.

    From the settings, or the lines of `secret.key` in the home. Raises ConfigurationError and KeyringError.
    """
    if given := configuration.secret("BAKEN_SECRET_KEY"):
        return [given, *configuration.secret("BAKEN_SECRET_KEY_FALLBACKS").split()]
    return _opened(_sessions(), lambda: secrets.token_urlsafe(64)).split()


def renew_session_key(*, retire: bool) -> int:
    """A new key before those there are, or with `retire` none but the newest; how many there are then.

    Raises ConfigurationError when the key is not kept in the home, and KeyringError.
    """
    if configuration.secret("BAKEN_SECRET_KEY"):
        raise ConfigurationError(
            "BAKEN_SECRET_KEY: it is set, so set another one, and the old one in BAKEN_SECRET_KEY_FALLBACKS"
        )

    def renewed(held: str) -> str:
        keys = held.split() or [secrets.token_urlsafe(64)]
        return "\n".join(keys[:1] if retire else [secrets.token_urlsafe(64), *keys])

    return len(_change(_sessions(), renewed).split())


def prober_key() -> str:
    """The private key of this installation's own location, as PEM; made on first use. Raises KeyringError."""
    return _opened(own_key(configuration.home()), lambda: signing.generate_key()[0])


def under() -> list[str]:
    """The names of the versions of the root key that wrap something here, one for each file."""
    vault, texts = keyring.vault(), [_text(path) for path in _all()]
    return [vault.wrapped_by(text.encode()) for text in texts if text.startswith(WRAPPED)] if vault else []


def verify(root: RootKey) -> Iterator[tuple[str, str]]:
    """Each file here that a root key in Vault wrapped, and what keeps it from opening; empty when nothing does."""
    for path in _all():
        if (held := _text(path)).startswith(WRAPPED):
            try:
                root.unwrap(held.encode(), _context(path))
            except KeyringError as problem:
                yield str(path), str(problem)
            else:
                yield str(path), ""


def rewrap() -> None:
    """Wrap everything here by the version of the root key in use, where Vault keeps it. Raises KeyringError."""
    for path in _all() if keyring.vault() else ():
        _change(path, lambda held: held)


def _sessions() -> Path:
    return configuration.home() / "secret.key"


def _all() -> list[Path]:
    return [path for path in (_sessions(), own_key(configuration.home())) if path.exists()]


def _opened(path: Path, make: Callable[[], str]) -> str:
    held, vault = _text(path), keyring.vault()
    if held and held.startswith(WRAPPED) == bool(vault):
        return _plain(path, held, vault)
    return _change(path, lambda held: held or make())


def _change(path: Path, to: Callable[[str], str]) -> str:
    """Put into the file what `to` makes of the secret in it, which is empty when there is none; what that was."""
    vault = keyring.vault()
    with _alone(path.parent):
        secret = to(_plain(path, _text(path), vault))
        write(path, vault.wrap(secret.encode(), _context(path)).decode() if vault else secret)
    return secret


def _plain(path: Path, held: str, vault: VaultTransit | None) -> str:
    if not held.startswith(WRAPPED):
        return held
    if vault is None:
        raise ConfigurationError(f"BAKEN_VAULT_ADDR: {path} is wrapped by a key in Vault; name that, or {AFRESH}")
    try:
        return vault.unwrap(held.encode(), _context(path)).decode()
    except WrongRootKey as error:
        raise WrongRootKey(f"{path}: the key in Vault does not open it; bring back that key, or {AFRESH}") from error
    except KeyringError as error:
        raise type(error)(f"{path}: {error}") from error


AFRESH = "delete the file: a new secret is made, and everybody signs in again"


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _context(path: Path) -> bytes:
    return f"baken/home/{path.name}".encode()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else changes a secret in this folder; the system lets go when this process dies."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
