"""Ties a process to its parent, so that a supervisor that was killed outright leaves nothing running."""

import os
import signal
import threading
import time

SUPERVISOR = "BAKEN_SUPERVISOR"  # the supervisor's process number, given to its children


def watch_parent(grace: float = 10.0, *, every: float = 0.5) -> threading.Thread:
    """End this process when its parent dies: by SIGTERM first, outright `grace` seconds later.

    Call it at the start of a child process. What this process started ends with it when it leads a process
    group, as a supervisor's child does. The parent is that supervisor, also when it died before this call;
    without one, whoever is the parent now. It is looked at every `every` seconds, since not every system can
    tell of its end.
    """
    watcher = threading.Thread(target=_watch, args=[_parent(), grace, every], name="lifeline", daemon=True)
    watcher.start()
    return watcher


def is_supervised() -> bool:
    """Whether a supervisor started this process, as opposed to a person or another service manager."""
    return bool(os.environ.get(SUPERVISOR))


def _parent() -> int:
    """The supervisor for its own child, which it makes a group leader; not for what that starts in turn."""
    supervisor = os.environ.get(SUPERVISOR, "")
    return int(supervisor) if supervisor.isdigit() and _leads() else os.getppid()


def _leads() -> bool:
    return os.getpgrp() == os.getpid()


def _watch(parent: int, grace: float, every: float) -> None:
    while os.getppid() == parent:
        time.sleep(every)
    end = os.killpg if _leads() else os.kill
    end(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    end(os.getpid(), signal.SIGKILL)
