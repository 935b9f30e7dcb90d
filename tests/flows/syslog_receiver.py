"""A receiver of syslog that a test runs: TLS with a certificate of its own, messages counted as RFC 5425 has it."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.flows.certificates import Authority


class Listener:
    """What was received at `address`.

    reads: it breaks each connection off when it has read so many bytes; none is a refusal. curt: it ends as rsyslog
    does, without TLS's own end.
    """

    def __init__(self, context: ssl.SSLContext, port: int, *, reads: int | None, curt: bool) -> None:
        self.messages: list[str] = []
        self.connections = 0
        self._context, self._reads, self._curt = context, reads, curt
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
        if self._reads is not None:
            line.recv(self._reads) if self._reads else None
            line.shutdown(socket.SHUT_WR)
            time.sleep(0.02)  # so that it is seen to end before it is seen that it read nothing
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
    authority: Authority, *, name: str = "localhost", port: int = 0, reads: int | None = None, curt: bool = False
) -> Iterator[Listener]:
    """A receiver that asks for a certificate of the same authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    context.verify_mode = ssl.CERT_REQUIRED
    pair = authority.sign(name)
    context.load_cert_chain(pair.chain, pair.key)
    listener = Listener(context, port, reads=reads, curt=curt)
    own = authority.sign("baken.example")
    listener.address = f"tls://localhost:{listener.port}?ca={authority.file}&cert={own.chain}&key={own.key}"
    try:
        yield listener
    finally:
        listener.close()
