"""The root key, which is kept outside the database: in a key file, or with Vault or OpenBao."""

from baken.reach.keyring.errors import KeyringError, NoRootKey, RootKeyUnreachable, WrongRootKey
from baken.reach.keyring.keyfile import KeyFile
from baken.reach.keyring.root import RootKey
from baken.reach.keyring.shares import ShareError
from baken.reach.keyring.vault import VaultTransit

__all__ = [
    "KeyFile",
    "KeyringError",
    "NoRootKey",
    "RootKey",
    "RootKeyUnreachable",
    "ShareError",
    "VaultTransit",
    "WrongRootKey",
]
