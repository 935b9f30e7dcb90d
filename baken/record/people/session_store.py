"""Sessions as the database keeps them: whoever holds a copy of it opens none.

The key of a session is in its person's cookie alone. The row is found by a digest of it, and what it says is sealed
with a key that is made of it as well. Keys are random, so neither a secret nor slowness is needed for that.

A session ends when it was not used for `BAKEN_SESSION_IDLE`, and at the latest `SESSION_COOKIE_AGE` after somebody
signed in. Both go by the clock of the browser that holds the cookie, which no simulation moves: by Django's.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db.models.functions import Now

NONCE = 12
LENGTH = 40
"""Of a digest: 160 bits in hexadecimal, as long as Django's column."""


def stored_as(session_key: str | None) -> str:
    """What stands for a session in the database, by the key that its cookie holds; of no key nothing."""
    return hashlib.sha256(b"session/" + session_key.encode()).hexdigest()[:LENGTH] if session_key else ""


class SessionStore(db.SessionStore):
    """Django's sessions in the database, under a digest of their key and sealed with it."""

    # As Django does it for any other store: by what is below.
    aexists, acreate, asave, adelete, aload = (
        SessionBase.aexists, SessionBase.acreate, SessionBase.asave, SessionBase.adelete, SessionBase.aload,
    )  # fmt: skip

    def exists(self, session_key: str | None) -> bool:
        """Whether there is a session of this key."""
        return super().exists(stored_as(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """End a session: this one when no key is given."""
        super().delete(stored_as(session_key or self.session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row of this session, as it is to be written."""
        if SESSION_KEY in data:
            data.setdefault("ends", self.get_expiry_date(expiry=settings.SESSION_COOKIE_AGE).isoformat())
        row = super().create_model_instance(data)
        row.session_key, row.expire_date = stored_as(row.session_key), self._closes(data)
        return row

    def touch(self) -> None:
        """It was used just now, so it stays open for as long again as one may be left unused."""
        mine = Session.objects.filter(session_key=stored_as(self.session_key))
        mine.update(expire_date=self._closes({"ends": self.get("ends")}))

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Seal what a session says, signed by the installation inside."""
        nonce = secrets.token_bytes(NONCE)
        sealed = self._cipher().encrypt(nonce, super().encode(session_dict).encode(), None)
        return base64.b64encode(nonce + sealed).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """Open what `encode` sealed; nothing when the key is another."""
        try:
            held = base64.b64decode(session_data, validate=True)
            return super().decode(self._cipher().decrypt(held[:NONCE], held[NONCE:], None).decode())
        except (InvalidTag, binascii.Error, ValueError):
            return {}

    def _get_session_from_db(self) -> Session | None:
        row = Session.objects.filter(session_key=stored_as(self.session_key), expire_date__gt=Now()).first()
        if row is None:
            self._session_key = None
        return row

    def _closes(self, data: Mapping[str, Any]) -> datetime:
        idle = self.get_expiry_date(expiry=settings.BAKEN_SESSION_IDLE)
        return min(idle, datetime.fromisoformat(data["ends"])) if data.get("ends") else idle

    def _cipher(self) -> AESGCM:
        key = (self.session_key or "").encode()
        return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=b"baken session 1").derive(key))
