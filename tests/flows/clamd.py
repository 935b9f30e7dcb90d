"""A stand-in for ClamAV's daemon: the part of its published protocol that sending a stream needs.

From clamd's manual: `zVERSION` and `zINSTREAM` end with NUL, and so do their answers. After INSTREAM come chunks of
`<length><data>`, the length in four bytes, most significant first; a length of zero ends the stream. A stream that is
longer than StreamMaxLength is answered with `INSTREAM size limit exceeded. ERROR`, and the connection is closed. What
is harmless is `stream: OK`, the rest `stream: <name> FOUND`; an unknown command is `UNKNOWN COMMAND`.
"""

import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The harmless file that every scanner calls a virus, by agreement (eicar.org)."""


class Clamd(socketserver.StreamRequestHandler):
    """One connection. `seen` holds what streams there were; `most` is StreamMaxLength."""

    most: ClassVar[int] = 1 << 30
    seen: ClassVar[list[bytes]] = []
    chunks: ClassVar[list[int]] = []
    says: ClassVar[bytes] = b""

    def handle(self) -> None:
        command = self._until_nul()
        if self.says:
            self.wfile.write(self.says)
        elif command == b"zVERSION":
            self.wfile.write(b"ClamAV 1.4.3/27800/Mon Nov 23 09:31:02 2026\0")
        elif command == b"zINSTREAM":
            self.wfile.write(self._stream())
        else:
            self.wfile.write(b"UNKNOWN COMMAND\0")

    def _until_nul(self) -> bytes:
        found = b""
        while (byte := self.rfile.read(1)) not in (b"", b"\0"):
            found += byte
        return found

    def _stream(self) -> bytes:
        stream = b""
        while length := struct.unpack("!I", self.rfile.read(4).rjust(4, b"\0"))[0]:
            if len(stream) + length > self.most:
                return b"INSTREAM size limit exceeded. ERROR\0"
            stream += self.rfile.read(length)
            self.chunks.append(length)
        self.seen.append(stream)
        return b"stream: Eicar-Signature FOUND\0" if EICAR in stream else b"stream: OK\0"


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever does not trust it hangs up."""


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def clamd(
    path: Path | None = None, *, most: int = 1 << 30, says: bytes = b"", tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, type[Clamd]]]:
    """Answers over TCP, TLS, or at a Unix socket; its address as BAKEN_CLAMAV has it, and what it saw."""
    handler = type("Handler", (Clamd,), {"most": most, "says": says, "seen": [], "chunks": []})
    server = _Unix(str(path), handler) if path else _Tcp(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        place = f"{'tls' if tls else 'tcp'}://127.0.0.1:{server.server_address[1]}"
        yield (f"unix:{path}" if path else place), handler
    finally:
        server.shutdown()
        server.server_close()
