"""Every setting there is, read from the environment once.

`docs/reference/settings.md` lists them; a test holds that page to `SETTINGS`.
"""

import difflib
import ipaddress
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from baken.reach.keyring import KeyringError
from baken.run.lifeline import SUPERVISOR


class ConfigurationError(ValueError):
    """A setting has a value that cannot be used; the message names the setting and the remedy."""


@contextmanager
def told() -> Iterator[None]:
    """Whatever cannot be used is told in its own words to whoever starts a process, without a trace."""
    try:
        yield
    except (ConfigurationError, KeyringError) as error:
        sys.exit(f"baken: {error}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, what it is when unset, and what it means."""

    name: str
    default: str
    meaning: str
    secret: bool = False
    """Whether it is one, which a file may hold as well: that of the same name with `_FILE`."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}_FILE") if self.secret else (self.name,)


SETTINGS = (
    Setting("BAKEN_HOME", "~/.local/share/baken, for root /var/lib/baken", "data directory: database, keys, logs"),
    Setting("BAKEN_PORT", "8420", "TCP port of the web pages and the API"),
    Setting("BAKEN_BIND", "127.0.0.1", "address the web process listens on"),
    Setting(
        "BAKEN_CERTIFICATE", "none", "a PEM file with which Baken speaks TLS itself: its certificate, then who signed"
    ),
    Setting("BAKEN_CERTIFICATE_KEY", "none", "a PEM file with the key of that certificate"),
    Setting(
        "BAKEN_URL",
        "http(s)://<bind>:<port>",
        "address that people and probers use, when a proxy stands before it",
    ),
    Setting("DATABASE_URL", "the embedded PostgreSQL", "postgresql://… of any server from version 15 on", secret=True),
    Setting("DATABASE_OWNER_URL", "DATABASE_URL", "the same database, as the role that owns its tables", secret=True),
    Setting("BAKEN_PG_BIN", "found", "folder with the PostgreSQL programs for the embedded server"),
    Setting("BAKEN_PG_USER", "postgres or nobody", "account that runs the embedded server when started by root"),
    Setting("BAKEN_DEMO", "yes", "`no`: start without the demonstration provider, with the first-run setup"),
    Setting("BAKEN_SECRET_KEY", "BAKEN_HOME/secret.key", "key that signs sessions; made on first use", secret=True),
    Setting("BAKEN_SECRET_KEY_FALLBACKS", "none", "older keys, separated by spaces, that still open them", secret=True),
    Setting("BAKEN_KEY_FILE", "BAKEN_HOME/keys/root.key", "the root key, when it is kept in a file; made on first use"),
    Setting("BAKEN_KEY_PASSPHRASE", "none", "seals the key file", secret=True),
    Setting("BAKEN_VAULT_ADDR", "none", "address of a Vault or OpenBao whose Transit engine keeps the root key"),
    Setting("BAKEN_VAULT_KEY", "baken", "name of the Transit key"),
    Setting("BAKEN_VAULT_TOKEN", "none", "token that may encrypt and decrypt with that key", secret=True),
    Setting("BAKEN_TOMBSTONES", "BAKEN_HOME/tombstones", "file that lists who was erased, kept apart from the backups"),
    Setting("BAKEN_FILE_LIMIT", "25", "size of the largest file that is taken, in MB"),
    Setting("BAKEN_FILES", "postgres", "where new files go: `postgres`, or `s3`"),
    Setting("BAKEN_S3_BUCKET", "none", "the bucket for files, for Baken alone"),
    Setting("BAKEN_S3_ENDPOINT", "that of AWS", "https:// address of another object store that speaks S3"),
    Setting("BAKEN_S3_REGION", "none", "the region of the bucket"),
    Setting("BAKEN_S3_ACCESS_KEY", "none", "the access key", secret=True),
    Setting("BAKEN_S3_SECRET_KEY", "none", "the secret that goes with it", secret=True),
    Setting("BAKEN_CLAMAV", "none", "unix:/path, tls://host, tcp://host: a ClamAV daemon that every file is shown to"),
    Setting("BAKEN_CLAMAV_FAIL", "closed", "`open`: take files unseen while that daemon does not answer"),
    Setting("BAKEN_LIMITS", "see docs", "requests a minute that differ, such as `reads=1200,pages=0`; 0 is no limit"),
    Setting("BAKEN_ALLOW_PRIVATE", "yes", "`no`: probers of this hub refuse addresses that are not public"),
    Setting("BAKEN_SECOND_FACTOR", "off", "who has to have a second factor: `off`, `staff` (and auditors), `everyone`"),
    Setting("BAKEN_LEAKED_PASSWORDS", "none", "a file of digests of leaked passwords, none of which may be chosen"),
    Setting("BAKEN_SESSION_HOURS", "12", "how long somebody stays signed in at most, in hours"),
    Setting("BAKEN_SESSION_IDLE", "60", "minutes without use after which somebody is signed out"),
    Setting("BAKEN_OPENID_PRIVATE", "no", "`yes`: identity providers may have addresses that are not public"),
    Setting("BAKEN_TRUSTED_PROXIES", "loopback", "networks of proxies whose X-Forwarded-For is believed"),
    Setting("BAKEN_SYSLOG", "none", "tls://host:6514[?ca=/path&cert=/path&key=/path]: who gets the logs, as syslog"),
    Setting("BAKEN_STRICT", "no", "`yes`: start only when nothing of a strict installation is missing"),
    Setting("BAKEN_DEBUG", "no", "`yes`: Django's debug pages; never where others can reach it"),
    Setting("BAKEN_CHROMIUM", "found", "browser that the tests drive"),
)


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The data directory; made when it is not there yet.

    Nobody else looks into it. Made by root it can be passed through: PostgreSQL lies in it, run by another account.
    """
    default = Path("/var/lib/baken") if os.geteuid() == 0 else Path.home() / ".local/share/baken"
    path = Path(environ.get("BAKEN_HOME") or default).expanduser().absolute()
    path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    return path


def tombstones(environ: Mapping[str, str] = os.environ) -> Path:
    """The file that lists who was erased."""
    return Path(environ.get("BAKEN_TOMBSTONES") or home(environ) / "tombstones").expanduser().absolute()


def port(environ: Mapping[str, str] = os.environ) -> int:
    """The web process's port. Raises ConfigurationError for anything but 1 to 65535."""
    value = environ.get("BAKEN_PORT") or "8420"
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise ConfigurationError(f"BAKEN_PORT: {value!r} is not a port; give a number from 1 to 65535")
    return int(value)


def bind(environ: Mapping[str, str] = os.environ) -> str:
    """The address the web process listens on."""
    return environ.get("BAKEN_BIND") or "127.0.0.1"


EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared, not bound)


def own_url(environ: Mapping[str, str] = os.environ) -> str:
    """The address at which this machine reaches its own web process, whatever stands before it."""
    host = EVERYWHERE.get(bind(environ), bind(environ))
    scheme = "https" if environ.get("BAKEN_CERTIFICATE") else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port(environ)}"


def url(environ: Mapping[str, str] = os.environ) -> str:
    """The address that people and probers use, without a slash at its end."""
    return (environ.get("BAKEN_URL") or own_url(environ)).rstrip("/")


def unknown(environ: Mapping[str, str] = os.environ) -> Iterator[tuple[str, str]]:
    """Names that look like settings of Baken and are none, each with what may have been meant."""
    names = [name for setting in SETTINGS for name in setting.names]
    for name in sorted(environ):
        if name.startswith("BAKEN_") and name not in names and name != SUPERVISOR:
            near = difflib.get_close_matches(name, names, n=1)
            yield name, f"; did you mean {near[0]}?" if near else ""


def flag(name: str, *, default: bool, environ: Mapping[str, str] = os.environ) -> bool:
    """A yes-or-no setting. Raises ConfigurationError for other words."""
    value = (environ.get(name) or ("yes" if default else "no")).lower()
    if value not in {"yes", "no"}:
        raise ConfigurationError(f"{name}: {value!r} is neither yes nor no")
    return value == "yes"


LIMITS = {
    "reads": 600, "writes": 120, "address": 1_200, "failures": 30, "probers": 600,
    "alerts": 300, "pages": 600, "posts": 120, "visitors": 1_200,
}  # fmt: skip


def limits(environ: Mapping[str, str] = os.environ) -> dict[str, int]:
    """Requests a minute that the API and the pages take, by policy; 0 for no limit. Raises ConfigurationError."""
    found = dict(LIMITS)
    for given in filter(None, (environ.get("BAKEN_LIMITS") or "").replace(" ", "").split(",")):
        name, _, number = given.partition("=")
        if name not in found or not number.isdecimal() or int(number) > 1_000_000:
            known = ",".join(f"{policy}={quota}" for policy, quota in LIMITS.items())
            raise ConfigurationError(f"BAKEN_LIMITS: {given!r} is no limit; write it like {known}")
        found[name] = int(number)
    return found


def number(name: str, default: int, least: int, most: int, environ: Mapping[str, str] = os.environ) -> int:
    """A setting that is a whole number. Raises ConfigurationError for one that is out of bounds."""
    value = environ.get(name) or str(default)
    if not value.isdecimal() or not least <= int(value) <= most:
        raise ConfigurationError(f"{name}: {value!r} does not do; give a number from {least} to {most}")
    return int(value)


LOOPBACK = "127.0.0.0/8 ::1/128"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(name: str, environ: Mapping[str, str] = os.environ) -> list[Network]:
    """A setting that names networks, with commas or spaces; `loopback` is this machine. Raises ConfigurationError."""
    given = (environ.get(name) or "loopback").replace(",", " ").replace("loopback", LOOPBACK).split()
    try:
        return [ipaddress.ip_network(network) for network in given]
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}; write networks like 10.1.2.3/32 fd00::/8 loopback") from error


def existing(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """A setting that names a file; empty when it is not set. Raises ConfigurationError when it cannot be read."""
    value = environ.get(name) or ""
    if value and not os.access(value, os.R_OK):
        raise ConfigurationError(f"{name}: {value} cannot be read; name a file that is there")
    return value


SECOND_FACTOR = ("off", "staff", "everyone")


def choice(name: str, known: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> str:
    """A setting that is one of some words; the first when it is not set. Raises ConfigurationError for others."""
    value = (environ.get(name) or known[0]).lower()
    if value not in known:
        raise ConfigurationError(f"{name}: {value!r} is none of {', '.join(known)}")
    return value


def secret(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """A secret from the variable, or from the file that `<name>_FILE` names; empty when neither is set.

    The file is read at each call, so that whoever keeps it may renew it. Raises ConfigurationError when both are set,
    and when there is nothing in the file: what goes without a secret would begin something else.
    """
    path = environ.get(f"{name}_FILE")
    if not path:
        return environ.get(name) or ""
    if environ.get(name):
        raise ConfigurationError(f"{name}_FILE: {name} is set as well; leave one of them out")
    try:
        held = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is no text"
        raise ConfigurationError(f"{name}_FILE: {path} cannot be read: {said}") from error
    if not held and name != "BAKEN_SECRET_KEY_FALLBACKS":
        raise ConfigurationError(f"{name}_FILE: {path} is empty; write the secret into it, or leave the setting out")
    return held
