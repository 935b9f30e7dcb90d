"""A receiver of syslog that a test runs: TLS with a certificate of its own, messages counted as RFC 5425 has it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.flows.certificates import Authority


class Listener:
    """What was received at `address`. deaf: it takes connections and breaks them off with whatever was sent unread.

    curt: it ends as rsyslog does, without TLS's own end.
    """

    def __init__(self, context: ssl.SSLContext, port: int, *, deaf: bool, curt: bool) -> None:
        self.messages: list[str] = []
        self.connections = 0
        self._context, self._deaf, self._curt = context, deaf, curt
        self.address = ""
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
    authority: Authority, *, name: str = "localhost", port: int = 0, deaf: bool = False, curt: bool = False
) -> Iterator[Listener]:
    """A receiver that asks for a certificate of the same authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    context.verify_mode = ssl.CERT_REQUIRED
    pair = authority.sign(name)
    context.load_cert_chain(pair.chain, pair.key)
    listener = Listener(context, port, deaf=deaf, curt=curt)
    own = authority.sign("baken.example")
    listener.address = f"tls://localhost:{listener.port}?ca={authority.file}&cert={own.chain}&key={own.key}"
    try:
        yield listener
    finally:
        listener.close()
