"""A receiver of syslog elsewhere: messages of RFC 5424, counted and sent by TLS as RFC 5425 has it.

Syslog has no answer to a message, and what TCP has taken may lie unread when the receiver ends. So each delivery is a
connection of its own that is ended in order, and counts only once the receiver has read as far as its end.
"""

import fcntl
import socket
import ssl
import struct
import sys
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

PORT = 6514
TIMEOUT = 10.0
"""Seconds for each step of a delivery: to connect, to take another piece, to read to the end."""
RESET_SECONDS = 0.25
"""In which a receiver that ended its half lets go of the other too; with something unread that is a reset."""
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; all those of 1.3 are as good
AUTHPRIV, LOCAL0 = 10, 16
SEVERITIES = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}
NOTICE = 5


@dataclass(frozen=True, slots=True)
class Message:
    """What a process said. at: when, as RFC 3339; kind: who in it says so; None of both where nobody told."""

    process: str
    text: str
    severity: int = NOTICE
    facility: int = LOCAL0
    at: str | None = None
    kind: str | None = None

    def encoded(self, host: str) -> bytes:
        """As RFC 5424 writes it; in the text everything may be, line feeds too."""
        words = [f"<{self.facility * 8 + self.severity}>1", self.at or "-", _word(host, 255), "baken"]
        words += [_word(self.process, 128), _word(self.kind or "", 32), "-", self.text]
        return " ".join(words).encode(errors="replace")


def _word(text: str, most: int) -> str:
    return "".join(char for char in text if "!" <= char <= "~")[:most] or "-"


class Receiver:
    """The receiver at `tls://host[:6514][?ca=/path&cert=/path&key=/path]`.

    ca: who may have signed its certificate, else whom the system trusts. cert and key: with which we show who we are.
    The certificate has to name the host; there is no way around TLS. Raises ValueError for an address or files that
    do not do.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.scheme != "tls" or not parts.hostname or parts.path.strip("/") or parts.username or parts.fragment:
            raise ValueError("write it as tls://host:6514; nothing is sent in the clear")
        if wrong := set(options) - {"ca", "cert", "key"}:
            raise ValueError(f"{min(wrong)!r} is none of ca, cert and key, which name PEM files")
        if ("cert" in options) != ("key" in options):
            raise ValueError("cert and key go together; give both, or neither")
        self.host, self.port = parts.hostname, parts.port or PORT
        self._options = options
        try:
            self._context()
        except OSError as error:
            raise ValueError(
                f"ca, cert or key: {_reason(error)}; name PEM files, the key without a passphrase"
            ) from error

    def deliver(self, messages: Sequence[Message]) -> None:
        """Send them all, in order. Raises OSError when it is not certain that all were read: send them all again."""
        own = socket.gethostname()
        with socket.create_connection((self.host, self.port), TIMEOUT) as connection:
            line = _Line(connection, self._context(), self.host)
            for message in messages:
                encoded = message.encoded(own)
                line.send(b"%d %s" % (len(encoded), encoded))
            line.end()

    def _context(self) -> ssl.SSLContext:
        """Made for each connection, so that certificates may be renewed. Raises OSError."""
        context = ssl.create_default_context(cafile=self._options.get("ca"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        if "cert" in self._options:
            context.load_cert_chain(self._options["cert"], self._options["key"], password="")
        return context


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)


class _Line:
    """TLS on a connection. Python's own way to end it takes a refusal for a good end, so it is done step by step."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._connection = connection
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        while not self._done(self._tls.do_handshake):
            if not self._receive():
                raise ConnectionError("the receiver closed the connection before it began")

    def send(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def end(self) -> None:
        """Say that this was all, and wait until it was read. Raises OSError when the receiver broke off before.

        It ought to answer with an end of its own. Many close the connection instead, and so does who refuses us: then
        what was sent has to have arrived, for the system there resets a connection that is closed with data unread.
        """
        self._done(self._read)
        self._done(self._tls.unwrap)
        while not self._done(self._read):
            if not self._receive():
                _wait_until_arrived(self._connection)
                return

    def _read(self) -> None:
        """Raises SSLWantReadError until the receiver has ended, and SSLError for whatever else it says."""
        try:
            while self._tls.read():
                pass
        except ssl.SSLZeroReturnError:
            return

    def _done(self, step: Callable[[], object]) -> bool:
        """Take a step; whether it needed nothing more from the other end."""
        try:
            step()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._flush()
        return True

    def _flush(self) -> None:
        self._connection.sendall(self._out.read())

    def _receive(self) -> bool:
        data = self._connection.recv(16_384)
        self._in.write(data)
        return bool(data)


def _wait_until_arrived(connection: socket.socket) -> None:
    deadline = time.monotonic() + TIMEOUT
    while _unacknowledged(connection):
        if time.monotonic() > deadline:
            raise TimeoutError("the receiver closed the connection before it had everything")
        time.sleep(0.01)
    time.sleep(RESET_SECONDS)
    _raise_error(connection)


def _unacknowledged(connection: socket.socket) -> int:
    """Bytes that were sent and did not arrive yet. Raises OSError when the connection was reset."""
    _raise_error(connection)
    if sys.platform == "darwin":
        return connection.getsockopt(socket.SOL_SOCKET, 0x1024)  # SO_NWRITE
    return int(struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0])


def _raise_error(connection: socket.socket) -> None:
    if error := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(error, "the receiver did not take everything")
