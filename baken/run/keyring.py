"""Which root key this installation uses: a key file, or one that Vault or OpenBao keeps."""

import os
from pathlib import Path

from baken.reach.keyring import KeyFile, NoRootKey, RootKey, VaultTransit
from baken.run import configuration


def root() -> RootKey:
    """The root key. A key file is made when nothing was ever wrapped; otherwise its absence is an error.

    Raises KeyringError.
    """
    environ = os.environ
    if environ.get("BAKEN_VAULT_ADDR"):
        return VaultTransit(
            environ["BAKEN_VAULT_ADDR"],
            environ.get("BAKEN_VAULT_KEY") or "baken",
            configuration.secret("BAKEN_VAULT_TOKEN"),
        )
    path, passphrase = key_file(), configuration.secret("BAKEN_KEY_PASSPHRASE")
    if path.exists():
        return KeyFile.load(path, passphrase)
    if _something_is_wrapped():
        raise NoRootKey(f"{path}: {NoRootKey.__doc__}")
    return KeyFile.create(path, passphrase)


def key_file() -> Path:
    """Where the key file is."""
    return Path(os.environ.get("BAKEN_KEY_FILE") or configuration.home() / "keys" / "root.key")


def _something_is_wrapped() -> bool:
    from baken.record.orgs.models import WrappingKey

    return WrappingKey.objects.exists()
