"""What can be wrong with a root key."""


class KeyringError(Exception):
    """The root key cannot be used; the message says why and what to do."""


class NoRootKey(KeyringError):
    """There is no root key here. Bring back the key file, or the escrow of the keys, before you start."""


class WrongRootKey(KeyringError):
    """What was wrapped does not open with this root key: it is another installation's, or older than the data.

    Bring back the escrow that was made last, with `baken keys import`.
    """


class RootKeyUnreachable(KeyringError, ConnectionError):
    """Whoever keeps the root key does not answer. Nothing is lost; what is open stays open until it is restarted."""
