"""ClamAV's daemon, asked whether what it is sent is harmful: its INSTREAM command over TCP, TLS or a Unix socket.

The protocol, from clamd's manual: a command in a `z` session begins with `z` and ends with NUL, and so does its answer.
After `zINSTREAM` come chunks, each with its length in four bytes before it, most significant first; one of length
zero ends them. clamd answers `stream: OK`, `stream: <name> FOUND` or `<what> ERROR`, and hangs up on a stream that
is longer than its StreamMaxLength. It speaks no TLS itself: something like stunnel stands before it then.
"""

import errno
import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

PATIENCE = 60.0
"""Seconds to wait for an answer; clamd unpacks archives before it gives one."""
CONNECTING = 5.0
LONGEST = 4096
"""Bytes of an answer that are read at most."""
_LENGTH = struct.Struct("!I")


class ScannerError(OSError):
    """The virus scanner cannot be asked, or does not answer."""


class TooLong(ScannerError):
    """The scanner takes no stream of this length (EFBIG): raise StreamMaxLength in clamd.conf."""


OPTIONS = {"ca", "cert", "key"}
PORTS = {"tcp": 3310, "tls": 3311}


@dataclass(frozen=True, slots=True)
class Clamd:
    """Where clamd listens: `unix:/path/to/clamd.sock`, `tls://host:3311` or `tcp://host:3310`.

    After `tls://…?` may come `ca=/path`, the authorities to trust instead of the system's, and `cert=/path&key=/path`,
    a certificate to show. The host's name is checked in any case.
    """

    address: str

    def __post_init__(self) -> None:
        """Raises ValueError for what is no address, and for files that are no certificates."""
        self._place()
        self._context()

    def version(self) -> str:
        """What clamd says of itself and its signatures. Raises ScannerError."""
        with self._connect() as line:
            _send(line, b"zVERSION\0")
            return _answer(line)

    def begin(self) -> "Scan":
        """A scan of one stream. Raises ScannerError when clamd cannot be reached."""
        return Scan(self._connect())

    def _place(self) -> tuple[str, int] | str:
        if self.address.startswith("unix:"):
            return self.address.removeprefix("unix:")
        parts = urlsplit(self.address)
        known = OPTIONS if parts.scheme == "tls" else set()
        if (
            parts.scheme not in PORTS
            or not parts.hostname
            or parts.path.strip("/")
            or not known.issuperset(self._files())
        ):
            raise ValueError("write it like unix:/run/clamav/clamd.ctl, tls://host:3311?ca=/path or tcp://host:3310")
        return parts.hostname, parts.port or PORTS[parts.scheme]

    def _files(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.address).query).items()}

    def _context(self) -> ssl.SSLContext | None:
        if not self.address.startswith("tls:"):
            return None
        files = self._files()
        try:
            context = ssl.create_default_context(cafile=files.get("ca"))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if "cert" in files:
                context.load_cert_chain(files["cert"], files.get("key"), password="")  # nobody is asked for one
        except OSError as error:
            raise ValueError(f"{', '.join(files.values())}: {error}; name PEM files that can be read") from error
        return context

    def _connect(self) -> socket.socket:
        place, line = self._place(), None
        try:
            line = socket.create_connection(place, CONNECTING) if isinstance(place, tuple) else _local(place)
            line = self._secured(line)
        except (OSError, ValueError) as error:
            if line:
                line.close()
            raise ScannerError(f"{self.address}: {getattr(error, 'strerror', None) or error}") from error
        line.settimeout(PATIENCE)
        return line

    def _secured(self, line: socket.socket) -> socket.socket:
        """The certificates are read for each connection, so that they may be renewed."""
        context = self._context()
        return context.wrap_socket(line, server_hostname=urlsplit(self.address).hostname) if context else line


def _local(path: str) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(CONNECTING)
    line.connect(path)
    return line


class Scan:
    """One stream on its way through clamd. Close it, whatever happens."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._started = False

    def send(self, piece: bytes) -> None:
        """The next bytes. Raises ScannerError; TooLong when clamd takes no more of them."""
        if piece:
            begin = b"" if self._started else b"zINSTREAM\0"
            self._started = True
            self._say(begin + _LENGTH.pack(len(piece)) + piece)

    def result(self) -> str:
        """The name of what was found once all was sent; empty when nothing was. Raises ScannerError, TooLong."""
        self._say((b"" if self._started else b"zINSTREAM\0") + _LENGTH.pack(0))
        return _verdict(_answer(self._line))

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._line.close()

    def _say(self, data: bytes) -> None:
        try:
            _send(self._line, data)
        except ScannerError:
            _verdict(_answer(self._line))  # it said why before it hung up
            raise


def _verdict(answer: str) -> str:
    said = answer.removeprefix("stream:").strip()
    if said == "OK":
        return ""
    if said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")
    if "size limit exceeded" in said:
        raise TooLong(errno.EFBIG, str(TooLong.__doc__))
    raise ScannerError(f"the virus scanner says: {said[:200] or 'nothing'}")


def _send(line: socket.socket, data: bytes) -> None:
    try:
        line.sendall(data)
    except OSError as error:
        raise ScannerError(f"the virus scanner hung up: {error}") from error


def _answer(line: socket.socket) -> str:
    answer = b""
    try:
        while b"\0" not in answer and len(answer) < LONGEST:
            more = line.recv(LONGEST)
            if not more:
                break
            answer += more
    except OSError as error:
        if not answer:
            raise ScannerError(f"the virus scanner does not answer: {error}") from error
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()
