"""What a root key does, whoever keeps it."""

from typing import Protocol


class RootKey(Protocol):
    """Wraps the keys of organisations. `context` is authenticated, not kept: the same one is needed to unwrap.

    It has versions: the newest that is in use wraps, the older ones still unwrap. All raise KeyringError: WrongRootKey
    for what another key wrapped or a changed context, RootKeyUnreachable.
    """

    @property
    def name(self) -> str:
        """Tells the version that wraps now from every other root key; never a secret."""

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """The secret, for nobody else to open."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The secret that was wrapped."""

    def wrapped_by(self, wrapped: bytes) -> str:
        """The name of the version that wrapped something."""
