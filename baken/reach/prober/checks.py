"""What a prober is asked (Check), what it saw (Observation, Result), and how both look on the wire."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

Outcome = Literal["up", "down"]
Reason = Literal["ok", "refused", "timeout", "dns", "tls", "status", "text", "reset", "redirects", "blocked", "other"]

METHODS = ("GET", "HEAD", "OPTIONS", "POST")
SHORTEST_INTERVAL = 0.2


class CheckError(ValueError):
    """A check as the hub sent it cannot be run; the message names the field."""


@dataclass(frozen=True, slots=True)
class Check:
    """One request to repeat. `interval` and `timeout` are seconds; status ranges include both ends.

    `expect_text`, when given, must occur in the first MiB of the body. Raises CheckError.
    """

    id: str
    # A URL can carry a password or a token, and headers often do: neither is ever shown.
    url: str = field(repr=False)
    interval: float
    timeout: float
    method: str = "GET"
    expect_status: tuple[tuple[int, int], ...] = ((200, 399),)
    expect_text: str | None = None
    follow_redirects: bool = True
    verify_tls: bool = True
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for problem in (self._wrong_request(), self._wrong_timing(), self._wrong_expectation()):
            if problem:
                raise CheckError(problem)

    def _wrong_request(self) -> str | None:
        try:
            parts = urlsplit(self.url)
            parts.port  # noqa: B018  an impossible port raises here, not when the check runs
        except ValueError:
            return "url: is not a URL"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return "url: must start with http:// or https:// and name a host"
        if any(not 32 < ord(character) < 127 for character in self.url):
            return "url: plain ASCII only; write a host as xn--..., and other characters as %XX"
        if self.method not in METHODS:
            return f"method: must be one of {', '.join(METHODS)}"
        if any(not 32 <= ord(character) < 127 for line in self.headers.items() for character in "".join(line)):
            return "headers: plain ASCII only, no line breaks"
        return None

    def _wrong_timing(self) -> str | None:
        if not SHORTEST_INTERVAL <= self.interval <= 86_400:
            return f"interval: must be {SHORTEST_INTERVAL} seconds to a day"
        if not 0 < self.timeout <= 300:
            return "timeout: must be more than 0 and at most 300 seconds"
        return None

    def _wrong_expectation(self) -> str | None:
        if not self.expect_status or any(not 100 <= low <= high <= 599 for low, high in self.expect_status):
            return "expect_status: needs ranges of status codes, low first, within 100 to 599"
        if not isinstance(self.expect_text, str | None):
            return "expect_text: must be a text"
        if self.expect_text and self.method == "HEAD":
            return "expect_text: a HEAD request has no text; use GET"
        return None

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> Self:
        """The check in one entry of the hub's assignment; members it does not know are left alone."""
        try:
            known = {f.name: wire[f.name] for f in fields(cls) if f.name in wire}
            known["id"] = str(known["id"])
            if "expect_status" in known:
                known["expect_status"] = tuple((int(low), int(high)) for low, high in known["expect_status"])
            known["headers"] = {str(name): str(value) for name, value in known.get("headers", {}).items()}
            return cls(**known)
        except CheckError:
            raise
        except (KeyError, ValueError, TypeError, AttributeError) as problem:
            raise CheckError(f"malformed: {type(problem).__name__}") from problem

    def to_wire(self) -> dict[str, Any]:
        """The same as an entry of an assignment."""
        return asdict(self) | {"expect_status": [list(span) for span in self.expect_status]}

    def expects(self, status: int) -> bool:
        """Whether this status code is one the service should give."""
        return any(low <= status <= high for low, high in self.expect_status)


class Observation(NamedTuple):
    """What one run of a check saw. `started` is microseconds since the epoch, `duration` microseconds."""

    monitor: str
    started: int
    duration: int
    outcome: Outcome
    reason: Reason
    status: int | None


class Result(NamedTuple):
    """An observation with its sequence number, which grows by one per result of a location."""

    monitor: str
    sequence: int
    started: int
    duration: int
    outcome: Outcome
    reason: Reason
    status: int | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the hub asks of a location.

    `acknowledged` is the highest sequence number the hub has; `rejected` says why a check cannot be run;
    `text` is the hub's answer as it came, to keep on disk.
    """

    version: str
    allow_private: bool
    checks: tuple[Check, ...]
    acknowledged: int
    rejected: dict[str, str]
    text: str = field(repr=False)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the hub's JSON; one bad check does not spoil the others. Raises CheckError."""
        try:
            wire = json.loads(text)
            checks, rejected = _sort_out(wire["checks"])
            allow_private, acknowledged = bool(wire["allow_private"]), int(wire["acknowledged"])
            return cls(str(wire["version"]), allow_private, checks, acknowledged, rejected, text)
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise CheckError(f"the hub's assignment cannot be read: {problem}") from problem


def _sort_out(entries: list[dict[str, Any]]) -> tuple[tuple[Check, ...], dict[str, str]]:
    checks: dict[str, Check] = {}
    rejected = {}
    for entry in entries:
        try:
            check = Check.from_wire(entry)
            checks[check.id] = check
        except CheckError as problem:
            rejected[str(entry.get("id"))] = str(problem)
    return tuple(checks.values()), rejected
