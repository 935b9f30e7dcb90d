"""What `baken up` does, in order, from an empty folder to pages that answer."""

import errno
import os
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from baken.reach.postgres import Cluster
from baken.run import configuration, kept, strict
from baken.run.certificate import certificate, trust
from baken.run.keys import OWN_LOCATION, secret_in
from baken.run.ready import InUse, disconnect, django_ready, embedded
from baken.run.shipper import receiver
from baken.run.supervisor import Child, HomeLock, Supervisor

Say = Callable[[str], None]

ANSWER_SECONDS = 90.0
"""Time for the first page to answer in, after which the person is told where to look."""


def run(say: Say) -> None:
    """Start everything and run until SIGTERM, SIGINT or SIGHUP. `say` hears of progress, for the person at a terminal.

    Raises AlreadyRunning, LeftRunning, ConfigurationError, ClusterError, SchemaError or TombstoneError before anything
    is started.
    """
    home = configuration.home()
    os.umask(0o077)  # what this and its children write in the home is for nobody else
    for name, remedy in configuration.unknown():
        say(f"{name} is no setting of Baken{remedy}")
    strict.insist()
    with HomeLock(home, configuration.url()):
        check_port()
        certificate()
        receiver()
        kept.rewrap()
        kept.prober_key()
        if configuration.secret("DATABASE_URL"):
            _supervise(home, None, _prepare(say), say)
            return
        users, cluster = InUse(home), embedded()
        try:
            say(f"database: {'starting' if cluster.data.exists() else 'making'} PostgreSQL")
            cluster.start()
            os.environ.update(cluster.environment)
            _supervise(home, cluster, _prepare(say), say)
        finally:
            cluster.stop()
            users.leave(cluster)


def check_port() -> None:
    """The web process will be able to listen. Raises ConfigurationError naming the setting to change."""
    host, port = configuration.bind(), configuration.port()
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise configuration.ConfigurationError(_why_not(error, host, port)) from error


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"BAKEN_PORT: port {port} is in use by another program; choose another one, as in BAKEN_PORT={port + 1}"
    if error.errno == errno.EACCES:
        return f"BAKEN_PORT: this account may not listen on port {port}; choose one from 1024 on"
    return f"BAKEN_BIND: nothing can listen on {host} ({error.strerror or error}); give an address of this machine"


def _prepare(say: Say) -> list[str]:
    """Bring database, translations and assets up to date, and fill what is empty; how to get in, as lines."""
    django_ready(progress=say)
    from django.core.management import call_command

    from baken.record.people.reads import provider
    from baken.record.privacy import work
    from baken.run import demonstration, own
    from baken.run.catalogues import compile_catalogues

    try:
        compile_catalogues()
    except OSError as error:
        say(f"translations: not compiled, pages may be in English ({error})")
    if again := work.replay():
        say(f"erasures: {again} were finished, or made again after a restore")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    if provider() is None and configuration.flag("BAKEN_DEMO", default=True) and not demonstration.was_removed():
        demonstration.make(say)
    demonstration.withdraw_published(say)
    own.watch_itself(renew_key=True)
    greeting = _greeting()
    disconnect()  # PostgreSQL may get another address while Baken runs; the children are told, this process is not
    return greeting


def _greeting() -> list[str]:
    from django.urls import reverse

    from baken.record.monitors.first_run import token_file
    from baken.record.people.reads import provider
    from baken.run import demonstration

    owner = provider()
    if owner is None:
        address, token = f"{configuration.url()}{reverse('setup')}", secret_in(token_file())
        return ["Set it up, with a token that works once:", f"  {address}", f"  {token}"]
    return demonstration.sign_ins() if owner.demonstration else []


def _supervise(home: Path, cluster: Cluster | None, greeting: list[str], say: Say) -> None:
    threading.Thread(target=_announce, args=[home, greeting, say], daemon=True).start()
    Supervisor(home, children(home), cluster=cluster).run()


def children(home: Path) -> list[Child]:
    """The processes of an installation, in the order in which they start."""
    python = [sys.executable, "-m"]
    hub = configuration.own_url()
    state = home / "prober"
    probe = ["--hub", hub, "--location", OWN_LOCATION, "--key", "/dev/stdin", "--state", str(state)]
    if own := certificate():
        probe += ["--hub-certificate", str(own.chain)]
    shipper = {"BAKEN_HOME": str(home), "BAKEN_SYSLOG": os.environ.get("BAKEN_SYSLOG", "")}
    return [
        # First, so that it stops last and sends the others' last words.
        *([Child("shipper", [*python, "baken.run.shipper"], shipper, trusted=False)] if receiver() else []),
        Child("web", [*python, "baken.run.web"]),
        Child("worker", [*python, "baken.run.worker"]),
        # It talks to anybody's servers, so it gets its key and no other secret.
        Child("prober", [*python, "baken.run.cli", "probe", *probe], trusted=False, told=kept.prober_key()),
    ]


def _announce(home: Path, greeting: list[str], say: Say) -> None:
    """Tell the address, and how to get in, as soon as the first page answers."""
    patience = time.monotonic() + ANSWER_SECONDS
    while not _answers():
        if time.monotonic() > patience:
            say(f"the pages do not answer yet; see {home / 'logs/web.log'}")
            return
        time.sleep(0.2)
    for line in [f"Baken runs at {configuration.url()}  (Ctrl-C stops it)", *greeting]:
        say(line)


def _answers() -> bool:
    try:
        address = f"{configuration.own_url()}/sign-in/"
        urllib.request.urlopen(address, timeout=30, context=trust()).close()  # noqa: S310 (by own_url)
    except OSError:
        return False
    return True
