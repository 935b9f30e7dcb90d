"""Which root key this installation uses: a key file, or one that Vault or OpenBao keeps."""

import os
from functools import lru_cache
from pathlib import Path

from baken.reach.keyring import KeyFile, NoRootKey, RootKey, VaultTransit
from baken.run import configuration


def root() -> RootKey:
    """The root key. A key file is made when nothing was ever wrapped; otherwise its absence is an error.

    A file that was replaced is read again, so that a new version is known to every process at once. Raises
    KeyringError.
    """
    return vault() or _file()


def vault() -> VaultTransit | None:
    """The one that Vault keeps, when the settings name one."""
    environ = os.environ
    if not environ.get("BAKEN_VAULT_ADDR"):
        return None
    key, token = environ.get("BAKEN_VAULT_KEY") or "baken", configuration.secret("BAKEN_VAULT_TOKEN")
    return VaultTransit(environ["BAKEN_VAULT_ADDR"], key, token)


def key_file() -> Path:
    """Where the key file is."""
    return Path(os.environ.get("BAKEN_KEY_FILE") or configuration.home() / "keys" / "root.key")


def prepare() -> str:
    """See to it that there is a version that waits to be used, and give its name; empty when Vault keeps the key.

    Where several machines have a copy of the key file each, it is copied to all of them before `switch`.
    """
    if vault():
        return ""
    held = _file()
    if not held.waiting:
        held = held.with_another()
        _save(held)
    return held.waiting


def switch() -> str:
    """Wrap with the newest version from now on, which is made when none waits; its name."""
    if held := vault():
        held.rotate()
        return held.name
    prepare()
    switched = _file().switched()
    _save(switched)
    return switched.name


def retire() -> list[str]:
    """Destroy every version but the one that wraps; their names, which Vault does not tell."""
    if held := vault():
        held.retire()
        return []
    file = _file()
    old = [name for name in file.held if name not in (file.name, file.waiting)]
    _save(file.without(set(old)))
    return old


def _file() -> KeyFile:
    path, passphrase = key_file(), configuration.secret("BAKEN_KEY_PASSPHRASE")
    try:
        status = path.stat()
    except FileNotFoundError:
        if _something_is_wrapped():
            raise NoRootKey(f"{path}: {NoRootKey.__doc__}") from None
        return KeyFile.create(path, passphrase)
    return _loaded(path, passphrase, (status.st_ino, status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=1)
def _loaded(path: Path, passphrase: str, identity: tuple[int, int, int]) -> KeyFile:
    return KeyFile.load(path, passphrase)


def _save(held: KeyFile) -> None:
    held.save(key_file(), configuration.secret("BAKEN_KEY_PASSPHRASE"))


def _something_is_wrapped() -> bool:
    from baken.record.orgs.models import IndexKey, WrappingKey

    return WrappingKey.objects.exists() or IndexKey.objects.exists()
