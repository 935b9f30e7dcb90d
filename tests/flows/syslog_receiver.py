"""A receiver of syslog that a test runs: TLS with a certificate of its own, messages counted as RFC 5425 has it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificates:
    """An authority in `folder`, and certificates that it signs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority, self._key = self._make("authority", None)
        self.ca = folder / "authority.pem"

    def sign(self, name: str) -> tuple[Path, Path]:
        """Files with a certificate for the host, and with its key."""
        self._make(name, self._authority)
        return self._folder / f"{name}.pem", self._folder / f"{name}.key"

    def _make(self, name: str, signer: x509.Certificate | None) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = (
            x509.CertificateBuilder(signer.subject if signer else subject, subject, key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(signer is None, None), True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
            .sign(self._key if signer else key, hashes.SHA256())
        )
        (self._folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (self._folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return made, key


class Listener:
    """What was received. deaf: it takes connections and breaks them off with whatever was sent unread.

    curt: it ends as rsyslog does, without TLS's own end.
    """

    def __init__(self, context: ssl.SSLContext, port: int, *, deaf: bool, curt: bool) -> None:
        self.messages: list[str] = []
        self.connections = 0
        self._context, self._deaf, self._curt = context, deaf, curt
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._socket.accept()
                self.connections += 1
                with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as line:
                    self._talk(line)

    def _talk(self, line: ssl.SSLSocket) -> None:
        line.settimeout(10)
        if self._deaf:
            line.recv(1)
            return
        data = b""
        while piece := line.recv(65536):
            data += piece
            data = self._take(data)
        if not self._curt:
            line.unwrap()

    def _take(self, data: bytes) -> bytes:
        while b" " in data:
            count, _, rest = data.partition(b" ")
            if len(rest) < int(count):
                break
            self.messages.append(rest[: int(count)].decode())
            data = rest[int(count) :]
        return data


@contextmanager
def listening(
    certificates: Certificates, *, name: str = "localhost", port: int = 0, deaf: bool = False, curt: bool = False
) -> Iterator[Listener]:
    """A receiver that asks for a certificate of the same authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates.ca))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*certificates.sign(name))
    listener = Listener(context, port, deaf=deaf, curt=curt)
    try:
        yield listener
    finally:
        listener.close()
