"""One check's request: a libcurl handle, set up once and used for every run, and the verdict on each run."""

import errno
import os
import socket
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pycurl

from baken.reach.addresses import is_public
from baken.reach.prober import network, problems
from baken.reach.prober.checks import Check, Outcome, Reason
from baken.reach.prober.schedule import Moment

MOST_REDIRECTS = 5
MOST_BODY = 1 << 20
_REDIRECTS = (301, 302, 303, 307, 308)
_UNREACHABLE = (errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ETIMEDOUT)

# What each failure of libcurl says about the service. A failure that is not listed is the prober's own.
_FAILURES: dict[int, Reason] = {
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_SSL_CIPHER: "tls",
    pycurl.E_SSL_INVALIDCERTSTATUS: "tls",
    pycurl.E_SSL_ISSUER_ERROR: "tls",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_GOT_NOTHING: "reset",
    pycurl.E_PARTIAL_FILE: "reset",
    pycurl.E_RECV_ERROR: "reset",
    pycurl.E_SEND_ERROR: "reset",
    pycurl.E_BAD_CONTENT_ENCODING: "other",
    pycurl.E_HTTP2: "other",
    92: "other",  # CURLE_HTTP2_STREAM, which pycurl does not name
    pycurl.E_UNSUPPORTED_PROTOCOL: "other",
    8: "other",  # CURLE_WEIRD_SERVER_REPLY, likewise
}
_CONNECT_FAILURES: dict[int, Reason] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "other",
    errno.EHOSTDOWN: "other",
}


class Seen(NamedTuple):
    """A verdict on the service. `answered` is whether anything outside this machine answered at all."""

    outcome: Outcome
    reason: Reason
    answered: bool = True


class Fault(NamedTuple):
    """The prober, its machine or its assignment failed: nothing is known of the service."""

    problem: str
    detail: str = ""


class Transfer:
    """The runs of one check, one at a time. `started` and `lost` are the engine's notes of this run."""

    def __init__(self, check: Check, allow_private: bool) -> None:
        self.check = check
        self.allow_private = allow_private
        self.busy = False
        self.started = Moment(0, 0)
        self.lost = 0
        self.duration = 0  # microseconds, over all redirects
        self.handle = pycurl.Curl()
        self._configure()

    def begin(self, started: Moment, lost: int) -> None:
        """Get ready for a new run; the engine adds `handle` to its transfers."""
        self.busy, self.started, self.lost, self.duration = True, started, lost, 0
        self._redirects = 0
        self.handle.setopt(pycurl.COOKIELIST, "ALL")  # forgets the last run's cookies
        self._use_method(self.check.method)
        self._use_headers(self.check.headers)
        self._aim(self.check.url)

    def follow(self, code: int) -> bool:
        """Note the end of a request; True when the handle now points at a redirect's target, to run again."""
        self.duration += self.handle.getinfo(pycurl.TOTAL_TIME_T)
        status = self.status()
        if not self._is_complete(code) or not self.check.follow_redirects or status not in _REDIRECTS:
            return False
        target = self._redirect_target()
        if target is None or self._redirects >= MOST_REDIRECTS:
            self._lost_its_way = True
            return False
        self._redirects += 1
        if self.check.method == "POST" and status in (301, 302, 303):
            self._use_method("GET")
        self._aim(self._with_secrets_for(target))
        return True

    def judge(self, code: int) -> Seen | Fault:
        """The verdict on a run that ended with this libcurl code (0: the exchange was complete)."""
        if self._is_complete(code):
            return self._judge_answer()
        if code == pycurl.E_COULDNT_CONNECT:
            return self._judge_connecting()
        if code == pycurl.E_URL_MALFORMAT:
            return Seen("down", "redirects") if self._redirects else Fault(problems.INVALID, "the URL is malformed")
        reason = _FAILURES.get(code)
        if reason is None:
            return Fault(problems.PROBER, f"libcurl failed with code {code}")
        if reason == "timeout" and not self._opened and self._refusal is None:
            reason = "dns"  # time was up before there was an address to connect to
        unreachable = self.handle.getinfo(pycurl.OS_ERRNO) in _UNREACHABLE and reason == "reset"
        return Seen("down", reason, answered=not (reason in ("timeout", "dns") or unreachable))

    def status(self) -> int | None:
        """The status code of the last answer, None when there was none."""
        return self.handle.getinfo(pycurl.RESPONSE_CODE) or None

    def looked_up(self) -> bool:
        """Whether the last request found the address of a name."""
        return self._named and (self._opened > 0 or self._refusal is not None)

    def close(self) -> None:
        """Free the handle; it must not be running."""
        self.handle.close()

    def _configure(self) -> None:
        options: dict[int, Any] = {
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.NOSIGNAL: 1,
            pycurl.PROXY: "",  # neither a proxy from the environment: it would connect where we refuse to
            pycurl.FRESH_CONNECT: 1,  # every run looks up, connects and shakes hands anew,
            pycurl.FORBID_REUSE: 1,  # as a customer who arrives now would
            pycurl.DNS_CACHE_TIMEOUT: 0,
            pycurl.SSL_SESSIONID_CACHE: 0,
            pycurl.SSL_VERIFYPEER: int(self.check.verify_tls),
            pycurl.SSL_VERIFYHOST: 2 if self.check.verify_tls else 0,
            pycurl.USERAGENT: "Baken-prober",
            pycurl.ACCEPT_ENCODING: "",
            pycurl.COOKIEFILE: "",
            pycurl.WRITEFUNCTION: self._on_body,
            pycurl.OPENSOCKETFUNCTION: self._on_socket,
        }
        if authorities := network.trusted_certificates():
            options[pycurl.CAINFO] = authorities
        for option, value in options.items():
            self.handle.setopt(option, value)

    def _use_method(self, method: str) -> None:
        self.handle.setopt(pycurl.HTTPGET, 1)
        self.handle.unsetopt(pycurl.CUSTOMREQUEST)
        if method == "HEAD":
            self.handle.setopt(pycurl.NOBODY, 1)
        elif method == "POST":
            self.handle.setopt(pycurl.POSTFIELDS, "")
        elif method != "GET":
            self.handle.setopt(pycurl.CUSTOMREQUEST, method)

    def _use_headers(self, headers: dict[str, str]) -> None:
        if headers:
            self.handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}".encode() for name, value in headers.items()])
        else:
            self.handle.unsetopt(pycurl.HTTPHEADER)

    def _aim(self, url: str) -> None:
        self._body = bytearray()
        self._received = 0
        self._enough = self._lost_its_way = False
        self._opened = 0
        self._refusal: Fault | None = None
        self._named = network.name_in(url) is not None
        self.handle.setopt(pycurl.URL, url)
        left = int(self.check.timeout * 1000) - self.duration // 1000
        self.handle.setopt(pycurl.TIMEOUT_MS, max(1, left))

    def _is_complete(self, code: int) -> bool:
        return code == pycurl.E_OK or (code == pycurl.E_WRITE_ERROR and self._enough)

    def _redirect_target(self) -> str | None:
        """Where the answer points, None when that is no http or https URL."""
        raw = self.handle.getinfo_raw(pycurl.REDIRECT_URL) or b""
        try:
            target = raw.decode("ascii")
            _origin(target)
        except ValueError:
            return None
        return target if target.startswith(("http://", "https://")) else None

    def _with_secrets_for(self, target: str) -> str:
        """A redirect's target; what the check carries (headers, a password) goes to its own origin only."""
        if _origin(target) != _origin(self.check.url):
            self._use_headers({})
            return target
        self._use_headers(self.check.headers)
        userinfo, at, _ = urlsplit(self.check.url).netloc.rpartition("@")
        parts = urlsplit(target)
        return parts._replace(netloc=f"{userinfo}{at}{parts.netloc.rpartition('@')[2]}").geturl()

    def _on_body(self, chunk: bytes) -> int | None:
        self._received += len(chunk)
        if self.check.expect_text:
            self._body += chunk
        self._enough = self._received >= MOST_BODY
        return 0 if self._enough else None  # 0 ends the transfer

    def _on_socket(self, purpose: int, address: Any) -> Any:
        """Open a socket to the address libcurl really connects to, so that rebinding DNS gains nothing."""
        host = address.addr[0]
        try:
            if not self.allow_private and not is_public(host):
                self._refusal = Fault(problems.BLOCKED, "its address is not public")
            elif not network.has_route(address.family, address.addr):
                self._refusal = self._refusal or Fault(problems.NETWORK, "there is no route to its address")
            else:
                opened = socket.socket(address.family, address.socktype, address.protocol)
                self._opened += 1
                return opened
        except OSError as problem:
            self._refusal = Fault(problems.PROBER, os.strerror(problem.errno or 0))
        return pycurl.SOCKET_BAD

    def _judge_connecting(self) -> Seen | Fault:
        if not self._opened:
            return self._refusal or Fault(problems.PROBER, "no connection was tried")
        number = self.handle.getinfo(pycurl.OS_ERRNO)
        if number in network.OWN_FAILURES:
            return Fault(problems.NETWORK, os.strerror(number))
        reason = _CONNECT_FAILURES.get(number)
        if reason is None:
            return Fault(problems.PROBER, f"connecting failed with error {number}")
        return Seen("down", reason, answered=number not in _UNREACHABLE)

    def _judge_answer(self) -> Seen:
        status = self.status()
        if self._lost_its_way:
            return Seen("down", "redirects")
        if status is None or not self.check.expects(status):
            return Seen("down", "status")
        if self.check.expect_text and self.check.expect_text not in self._text():
            return Seen("down", "text")
        return Seen("up", "ok")

    def _text(self) -> str:
        content_type = (self.handle.getinfo_raw(pycurl.CONTENT_TYPE) or b"").decode("latin-1")
        charset = content_type.partition("charset=")[2].partition(";")[0].strip(" \"'") or "utf-8"
        try:
            return self._body.decode(charset, "replace")
        except LookupError:
            return self._body.decode("utf-8", "replace")


def _origin(url: str) -> tuple[str, str | None, int]:
    """Scheme, host and port; raises ValueError for an impossible port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
