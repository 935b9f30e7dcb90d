"""Whether this installation is well: what `baken doctor` looks at, from the ground up."""

import os
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from baken.reach.clamav import Clamd
from baken.reach.keyring import KeyringError
from baken.run import configuration, strict
from baken.run.certificate import certificate, trust
from baken.run.ready import django_ready
from baken.run.shipper import behind, receiver

if TYPE_CHECKING:
    from baken.record.detection.health import Matter

LEAST_FREE = 1_000_000_000
"""Bytes on the disk of BAKEN_HOME, under which PostgreSQL will soon stop."""
LATE = timedelta(minutes=5)
"""After this a log should long have been sent."""
CLOCK_OFF = 2.0
"""Seconds that this machine's clock and the database's may differ."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `detail` says what was found and, when it is wrong, what to do.

    warns: it works, and there is something to do about it all the same.
    """

    name: str
    ok: bool
    detail: str
    warns: bool = False


def examine() -> Iterator[Check]:
    """Look at everything, each on what is below it: without a database nothing that lives in it is looked at."""
    yield from _each(settings, disk, syslog)
    yield from demands()
    try:
        django_ready(migrate=False)
        found = list(_each(database, schema))
    except Exception as error:  # noqa: BLE001  whatever keeps the database away is what the person has to know
        kind, said = ("keys", "") if isinstance(error, KeyringError) else ("database", "cannot be reached: ")
        yield Check(kind, False, f"{said}{_first_line(error)}")
        return
    yield from found
    if all(check.ok for check in found):
        yield from _each(login, keys, clock, worker, probers, ledger, apps, scanner, store)
    yield pages()


def _each(*checks: Callable[[], Check]) -> Iterator[Check]:
    return (check() for check in checks)


def settings() -> Check:
    """Every BAKEN_* name is a setting, and every setting has a value that can be used."""
    wrong = [f"{name} is no setting{remedy}" for name, remedy in configuration.unknown()]
    try:
        configuration.port()
        certificate()
        for name in ("BAKEN_DEMO", "BAKEN_DEBUG", "BAKEN_ALLOW_PRIVATE", "BAKEN_OPENID_PRIVATE"):
            configuration.flag(name, default=False)
        configuration.choice("BAKEN_SECOND_FACTOR", configuration.SECOND_FACTOR)
    except configuration.ConfigurationError as error:
        wrong.append(str(error))
    return Check("settings", not wrong, "; ".join(wrong) or f"home {configuration.home()}, {configuration.url()}")


def demands() -> Iterator[Check]:
    """What is missing of a strict installation, if this is to be one."""
    try:
        found = strict.missing()
    except configuration.ConfigurationError as error:
        found = [str(error)]
    yield from (Check("strict", False, said) for said in found)
    if not found and strict.demanded():
        yield Check("strict", True, "nothing is missing")


def disk() -> Check:
    """There is room where the data lies."""
    free = shutil.disk_usage(configuration.home()).free
    said = f"{free / 1e9:.1f} GB free"
    return Check("disk", free >= LEAST_FREE, said if free >= LEAST_FREE else f"{said}; make room before it is full")


def database() -> Check:
    """The server answers and is new enough."""
    from baken.run.migrating import OLDEST, server_version

    version = server_version()
    said = f"PostgreSQL {version // 10_000}.{version % 10_000}"
    return Check("database", version >= OLDEST, said if version >= OLDEST else f"{said}; version 15 or newer is needed")


def schema() -> Check:
    """Every migration was applied."""
    from baken.run.migrating import pending

    missing = pending()
    remedy = f"{len(missing)} changes are missing; `baken up` makes them"
    return Check("schema", not missing, remedy if missing else "up to date")


def login() -> Check:
    """The login that works may not let its roles go and be the owner of the tables: else policies do not hold it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(OWNS)
        owns = cursor.fetchone()[0]
    remedy = "the login can become the owner of the tables; set DATABASE_OWNER_URL, and give DATABASE_URL its own"
    return Check("login", True, remedy if owns else "owns nothing", warns=owns)


OWNS = """
SELECT EXISTS (
    SELECT FROM pg_class WHERE oid = 'django_migrations'::regclass AND pg_has_role(session_user, relowner, 'MEMBER')
)
"""


def keys() -> Check:
    """No renewal of keys was left half-way: until it is over the old key opens what it did."""
    from baken.record.orgs import reindexing, rotation

    number = len(rotation.pending())
    half = [f"data keys of {number} organisations: `baken keys rotate`"] * bool(number)
    half += ["index key: `baken keys rotate --index`"] * reindexing.pending()
    said = f"being renewed, or left half-way and the old one still opens; then run this again: {'; '.join(half)}"
    return Check("keys", True, said if half else "none is half renewed", warns=bool(half))


def clock() -> Check:
    """This machine and the database agree on the time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        off = abs(time.time() - cursor.fetchone()[0])
    said = f"{off:.3f} s between this machine and the database"
    return Check("clock", off <= CLOCK_OFF, said if off <= CLOCK_OFF else f"{said}; set both by NTP")


def worker() -> Check:
    """The worker runs, nothing it does fails, and it verified the ledger lately."""
    from baken.record.detection.health import Matter

    wrong = _concerns({
        Matter.WORKER_SILENT: "the worker does not run; start Baken with `baken up`",
        Matter.ROUTINE_FAILS: "fails",
        Matter.CHAIN_OLD: "the ledger was not verified lately",
    })  # fmt: skip
    return Check("worker", not wrong, f"{'; '.join(wrong)}; see {_log('worker')}" if wrong else "runs")


def probers() -> Check:
    """Every location that may report does, and none of them is in trouble."""
    from baken.record.detection.health import Matter

    wrong = _concerns({
        Matter.LOCATION_SILENT: "silent, look at the prober there",
        Matter.LOCATION_TROUBLED: "in trouble, the page of locations says why",
        Matter.NO_LOCATION: "nothing is measured: there is no location",
    })  # fmt: skip
    return Check("probers", not wrong, "; ".join(wrong) or "every location reports")


def _concerns(said: "Mapping[Matter, str]") -> list[str]:
    """What the page about health shows of these matters, in the words given here."""
    from baken.record.detection.health import health
    from baken.record.people.access import program

    found = [concern for concern in health(program("doctor")).concerns if concern.matter in said]
    return [f"{concern.code} {said[concern.matter]}".strip() for concern in found]


def ledger() -> Check:
    """Nobody changed a fact of the streams that were written to since yesterday; the worker verifies all at night."""
    from baken.record.ledger.reads import verify

    broken = next(verify(since=datetime.now(UTC) - timedelta(days=1)), None)
    where = f"{broken.stream_kind} {broken.stream_id} is broken at fact {broken.seq}; keep backups" if broken else ""
    return Check("ledger", broken is None, where or "the chain holds")


def apps() -> Check:
    """In a strict installation apps for codes use SHA-256; those from before it was strict are counted."""
    from django.conf import settings as known

    from baken.record.people.access import program
    from baken.record.people.authenticator import using_sha_1

    number = using_sha_1(program("doctor"))
    if not known.BAKEN_STRICT or not number:
        return Check("apps", True, "codes of apps use SHA-256" if known.BAKEN_STRICT else "codes of apps use SHA-1")
    said = f"{number} apps from before BAKEN_STRICT use SHA-1; their owners remove them and add them again"
    return Check("apps", True, said, warns=True)


def scanner() -> Check:
    """The virus scanner answers, if there is to be one."""
    address = os.environ.get("BAKEN_CLAMAV")
    if not address:
        return Check("scanner", True, "none is set: files are not scanned")
    try:
        return Check("scanner", True, Clamd(address).version())
    except (OSError, ValueError) as error:
        return Check("scanner", False, f"{error}; start it, or correct BAKEN_CLAMAV")


def store() -> Check:
    """The object store answers, if there is to be one."""
    from baken.record.orgs.places import OBJECTS, StoreUnreachable

    if not os.environ.get("BAKEN_S3_BUCKET"):
        return Check("store", True, "none is set: files lie in PostgreSQL")
    try:
        OBJECTS.ask()
    except StoreUnreachable as error:
        said = f"{error.__cause__}; look at BAKEN_S3_ENDPOINT, the bucket, and the keys and what they may"
        return Check("store", False, " ".join(said.split()))
    return Check("store", True, "answers")


def syslog() -> Check:
    """The receiver of logs answers, if there is to be one, and has all of them but the last moments."""
    try:
        to = receiver()
        if to is None:
            return Check("syslog", True, "none is set: logs stay on this machine")
        waiting, since = behind(configuration.home() / "logs")
        said = f"{waiting:,} bytes wait since {since}" if waiting else "everything is sent"
        to.deliver([])
    except configuration.ConfigurationError as error:
        return Check("syslog", False, str(error))
    except OSError as error:
        return Check("syslog", False, f"{said}; {error}; look at BAKEN_SYSLOG and at the receiver")
    late = bool(waiting) and since < f"{datetime.now(UTC) - LATE:%Y-%m-%dT%H:%M:%S}"
    return Check("syslog", True, f"{to.host}:{to.port} answers; {said}", warns=late)


def pages() -> Check:
    """The web process answers."""
    address = f"{configuration.own_url()}/api/v1/health"
    try:
        with urllib.request.urlopen(address, timeout=10, context=trust()) as answer:  # noqa: S310 (by own_url)
            return Check("pages", answer.status == 200, f"{configuration.url()} answers")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Check("pages", False, f"{address}: {reason}; start Baken with `baken up`, or see {_log('web')}")


def _log(name: str) -> Path:
    return configuration.home() / f"logs/{name}.log"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
