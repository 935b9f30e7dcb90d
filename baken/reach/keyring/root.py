"""What a root key does, whoever keeps it."""

from typing import Protocol


class RootKey(Protocol):
    """Wraps the keys of organisations. `context` is authenticated, not kept: the same one is needed to unwrap.

    Both raise KeyringError: WrongRootKey for what another key wrapped or a changed context, RootKeyUnreachable.
    """

    @property
    def name(self) -> str:
        """Tells one root key from another; never a secret."""

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """The secret, for nobody else to open."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The secret that was wrapped."""

    def derive(self, purpose: str) -> bytes:
        """32 bytes that are always the same for a purpose, and tell nothing of those for another."""
