"""What a prober keeps on disk of what people wrote is sealed, with a key derived from its location's private key.

So whoever has the disk and not that key reads no address, expected text or header. Nothing is lost with the key: what
does not open is asked of the hub again.
"""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_PURPOSE = b"baken/prober/spool"


class Seal:
    """AES-256-GCM with a key that HKDF-SHA256 makes of a location's private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._cipher = AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=_PURPOSE).derive(key.private_bytes_raw()))

    def seal(self, text: str, name: str) -> str:
        """The text, for this name alone, base64."""
        nonce = secrets.token_bytes(_NONCE)  # one per assignment: random ones do not meet
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), name.encode())).decode("ascii")

    def unseal(self, sealed: str, name: str) -> str | None:
        """What was sealed under this name; None when it was changed, or never sealed with this key."""
        try:
            held = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(held[:_NONCE], held[_NONCE:], name.encode()).decode()
        except (ValueError, InvalidTag):
            return None
