"""The certificate with which the web process speaks TLS itself, if it is given one."""

import os
import signal
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from baken.reach.pinning import pinned
from baken.run.configuration import ConfigurationError, url

OTHERS = 0o007
"""What a key's file may not allow; its group may read it, as many systems have one for keys."""
LOOK_SECONDS = 2.0
"""Between two looks at whether the files were replaced."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files: the certificate with those that signed it, and its key."""

    chain: Path
    key: Path

    def check(self) -> None:
        """Raises ConfigurationError naming the setting and the remedy when they cannot be served with."""
        for name, path in (("BAKEN_CERTIFICATE", self.chain), ("BAKEN_CERTIFICATE_KEY", self.key)):
            if not os.access(path, os.R_OK):
                raise ConfigurationError(f"{name}: {path} cannot be read; name a PEM file that this account may read")
        if self.key.stat().st_mode & OTHERS:
            raise ConfigurationError(f"BAKEN_CERTIFICATE_KEY: everybody may read {self.key}; run chmod o= {self.key}")
        try:
            # Without a passphrase, so that nobody is asked for one at a terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key, password="")
        except (ssl.SSLError, ValueError) as error:
            raise ConfigurationError(
                f"BAKEN_CERTIFICATE: {self.chain} and the key {self.key} do not go together "
                f"({getattr(error, 'reason', None) or error}); give PEM files, the server's certificate first, and "
                "its key without a passphrase"
            ) from error


def certificate(environ: Mapping[str, str] = os.environ) -> Certificate | None:
    """The one that the settings name, looked at; None when TLS is left to a proxy. Raises ConfigurationError."""
    chain, key = environ.get("BAKEN_CERTIFICATE"), environ.get("BAKEN_CERTIFICATE_KEY")
    if not chain and not key:
        return None
    if not chain or not key:
        missing = "BAKEN_CERTIFICATE_KEY" if chain else "BAKEN_CERTIFICATE"
        raise ConfigurationError(f"{missing}: a certificate needs its key; set both, or neither")
    found = Certificate(Path(chain).expanduser().absolute(), Path(key).expanduser().absolute())
    found.check()
    if not url(environ).startswith("https:"):
        raise ConfigurationError("BAKEN_URL: begin it with https, since with a certificate nothing is answered by http")
    return found


def trust() -> ssl.SSLContext | None:
    """What knows this installation's web process; None when it speaks http. Raises OSError, ValueError."""
    chain = os.environ.get("BAKEN_CERTIFICATE")
    return pinned(Path(chain).expanduser()) if chain else None


def follow(held: Certificate, say: Callable[[str], None], *, every: float = LOOK_SECONDS) -> threading.Thread:
    """Have this process, granian's first, begin its workers anew whenever the files are replaced by others that do.

    One after the other: a new one listens before an old one finishes what it was asked and ends. `say` hears of files
    that do not do, once they stay so.
    """
    watcher = threading.Thread(target=_watch, args=[held, say, every], name="certificate", daemon=True)
    watcher.start()
    return watcher


def _watch(held: Certificate, say: Callable[[str], None], every: float) -> None:
    served = before = told = _identity(held)
    pause = threading.Event()
    while not pause.wait(every):
        found = _identity(held)
        if found not in (served, told) and found == before:  # nobody is writing them any more
            try:
                held.check()
            except ConfigurationError as error:
                told = found
                say(f"{error}; the certificate from before is shown until then")
            else:
                served = found
                os.kill(os.getpid(), signal.SIGHUP)
        before = found


def _identity(held: Certificate) -> tuple[tuple[int, int, int], ...]:
    """Changes whenever one of the files is replaced, written, or given other rights; nothing while one is not there."""
    try:
        found = [path.stat() for path in (held.chain, held.key)]
    except OSError:
        return ()
    return tuple((status.st_ino, status.st_ctime_ns, status.st_size) for status in found)
