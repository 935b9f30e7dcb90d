"""Plants secrets at the doors: second factors, passkeys, identity providers, honey tokens, storms, alerts."""

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol


class Words(Protocol):
    """Makes secrets; see `planting.Secrets`."""

    def __call__(self, words: int = 1) -> str: ...
    def unkept(self) -> str: ...


MADE = (
    "Authenticator.secret",
    "IdentityProvider.subject_key",
    "RecoveryCode.digest",
    "HoneyUse.address",
    "Storm.tried",
)
"""Columns of which nobody can choose what they say."""
INTRUDER = "2001:db8:7e57:ab1e::5ec"
"""Where whoever uses the honey tokens asks from."""


def second_factors(user: Any, name: str, now: datetime) -> None:
    """An app, ten codes on paper, and a passkey of this name."""
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    from baken.record.people import authenticator, passkeys, recovery_codes

    shown = authenticator.offer(user, issuer="Baken").secret.replace(" ", "")
    code = TOTP(base64.b32decode(shown), 6, SHA1(), 30).generate(int(now.timestamp())).decode()
    authenticator.confirm(user, code)
    recovery_codes.renew(user)
    asked, challenge = passkeys.ask_to_register(user)
    passkeys.register(user, name=name, challenge=challenge, answer=_device_answers(asked))


def _device_answers(asked: Any) -> str:
    """What a device says that makes a passkey."""
    import hashlib

    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from fido2.cose import ES256
    from fido2.webauthn import (
        AttestationObject,
        AttestedCredentialData,
        AuthenticatorAttestationResponse,
        AuthenticatorData,
        CollectedClientData,
        RegistrationResponse,
    )

    options = asked["publicKey"]
    key = ES256.from_cryptography_key(generate_private_key(SECP256R1()).public_key())
    flags = AuthenticatorData.FLAG
    data = AuthenticatorData.create(
        hashlib.sha256(options["rp"]["id"].encode()).digest(), flags.UP | flags.UV | flags.AT, 0,
        AttestedCredentialData.create(bytes(16), b"a credential of a test", key),
    )  # fmt: skip
    said = CollectedClientData.create("webauthn.create", options["challenge"], "http://testserver")
    response = AuthenticatorAttestationResponse(
        client_data=said, attestation_object=AttestationObject.create("none", data, {})
    )
    return json.dumps(dict(RegistrationResponse(raw_id=b"a credential of a test", response=response)))


def identity_provider(secret: Words, administrator: Any, provider: Any) -> None:
    """One that answers when it is asked what it is."""
    from baken.record.people import openid

    with _answering(secret()) as issuer:
        openid.add_provider(
            administrator, organisation=provider, issuer=issuer, client_secret=secret(), name=secret(2),
            client_id=secret(), domains=f"{secret()}.example", new_role="", second_factor="none", acr_values=secret(),
        )  # fmt: skip


@contextmanager
def _answering(path: str) -> Iterator[str]:
    class Provider(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            body = json.dumps({"issuer": issuer, **{name: f"{issuer}/{name}" for name in names}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """It keeps no log: it is not ours."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    issuer = f"http://localhost:{server.server_port}/{path}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()


def honey_tokens(secret: Words, administrator: Any, provider: Any) -> None:
    """A link, a token and an account, and somebody who uses each."""
    from django.test import Client

    from baken.record.people import honey

    device = secret()
    client = Client(REMOTE_ADDR=INTRUDER, HTTP_USER_AGENT=device)
    _row, link = honey.plant(administrator, provider=provider, kind="link", planted=secret(2))
    client.get(f"/shared/{link}/")
    _row, token = honey.plant(administrator, provider=provider, kind="token", planted=secret(2))
    client.get("/api/v1/incidents", headers={"Authorization": f"Bearer {token}"})
    lure = f"{secret()}@{secret()}.example"
    honey.plant(administrator, provider=provider, kind="account", planted=secret(2), lure=lure)
    client.post("/sign-in/", {"email": lure, "password": secret.unkept()})


def storm(secret: Words) -> None:
    """Many accounts are tried from one address."""
    from django.test import Client

    client = Client(REMOTE_ADDR="2001:db8:7e57:5707::1")
    for number in range(20):
        client.post("/sign-in/", {"email": f"{secret.unkept()}{number}@nobody.example", "password": "wrong"})


def alerts(secret: Words, world: dict[str, Any]) -> None:
    """A tool of ours tells of what it saw, by the API."""
    from django.test import Client

    from baken.record.detection import sources
    from baken.record.people import flows as people
    from baken.record.people.access import Permission, Role, program

    tests = program("tests")
    sources.add_source(tests, code="watcher", tool="generic", service=world["service"], name=secret(2))
    _row, token = people.add_token(
        tests, organisation=world["provider"], name=secret(), role=Role.ADMINISTRATOR, scopes=[Permission.WRITE_ALERTS]
    )
    for level in ("critical", "info"):
        told = {name: secret(2) for name in ("rule", "host", "title")}
        told |= {"id": secret.unkept() + level, "text": secret(2) if level == "critical" else secret.unkept()}
        answer = Client().post(
            "/api/v1/alerts/watcher", json.dumps({**told, "level": level}), content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.content


def made(said: dict[str, str]) -> dict[str, list[str]]:
    """What the columns say of which nobody can choose it; each long enough to be looked for."""
    return {name: [text for text in said[name].split("\n") if re.search(r".{8}", text)] for name in MADE}
