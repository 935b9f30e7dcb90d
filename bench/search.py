"""How long a search over a million sealed messages takes, for a customer and for the desk.

    make bench
    .venv-bench/bin/python bench/search.py [--messages 1000000] [--customers 200] [--home FOLDER] [--remove]

The whole read as a page does it: the question's words to tokens, tokens to incidents, how many there are, and the first
page of them with its subjects opened. Every question is another one and is asked several times; its time is the median
of these. `cpu_*` is how long processors were busy with it, here and in the server (on Linux): what it takes on a
machine that is idle. Milliseconds, of one process. The messages are written once into a folder and used again by
the next run; --remove takes it away.
"""

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.worlds import sealed
from bench.worlds.database import running
from bench.worlds.writing import Writer

ROUNDS = 40
RUNS = 5
PAGE = 50
TARGET = 50.0
NARROWED = "common word, of a priority"


def questions() -> dict[str, Callable[[Writer, random.Random], str]]:
    """What is asked for, by its kind."""

    def of_rank(first: int, last: int) -> Callable[[Writer, random.Random], str]:
        return lambda writer, dice: dice.choice(writer.words[first:last])

    return {
        "common word": of_rank(10, 100),
        "one word": of_rank(100, 3_000),
        "rare word": of_rank(3_000, 30_000),
        "two words": lambda writer, dice: " ".join(dice.sample(writer.words[50:2_000], 2)),
        "two common words": lambda writer, dice: " ".join(dice.sample(writer.words[10:100], 2)),
        "e-mail address": lambda writer, dice: writer.address(),
        "machine": lambda writer, dice: writer.machine(),
        "digits": lambda writer, dice: str(dice.randrange(1, 10**4)),
        NARROWED: of_rank(10, 100),
    }


def main() -> int:
    given = arguments()
    home = given.home or Path(tempfile.gettempdir()) / f"baken-bench-search-{given.messages}-{given.customers}"
    try:
        with running(home) as cluster:
            sealed.customers(given.customers)
            built = sealed.build(given.messages, cluster.admin_dsn)
            result = measured()
            about = {**counted(), "customers": given.customers, "seconds_to_build": round(built, 1)}
        print(
            json.dumps(
                {
                    **about,
                    **machine(),
                    "milliseconds": result,
                    "met": met(result, "p95"),
                    "cpu_met": met(result, "cpu_p95"),
                },
                indent=1,
            )
        )
    finally:
        if given.remove:
            shutil.rmtree(home, ignore_errors=True)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--remove", action="store_true")
    return parser.parse_args()


def measured() -> dict[str, dict[str, dict[str, float]]]:
    """By who asks and what: median and 95th percentile of different questions, each asked several times."""
    writer = Writer(99)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for who, callers in askers().items():
        for kind, question in questions().items():
            dice = random.Random(7)
            asked = [(dice.choice(callers), question(writer, dice)) for _ in range(ROUNDS)]
            runs = [[timed(caller, words, kind) for caller, words in asked] for _ in range(RUNS + 1)][1:]
            usual = [statistics.median(wall for wall, _ in times) for times in zip(*runs, strict=True)]
            busy = [statistics.median(cpu for _, cpu in times) for times in zip(*runs, strict=True)]
            found.setdefault(who, {})[kind] = {**percentiles("", usual), **percentiles("cpu_", busy)}
    return found


def percentiles(name: str, times: list[float]) -> dict[str, float]:
    twentieths = statistics.quantiles(times, n=20)
    return {f"{name}p50": round(twentieths[9], 1), f"{name}p95": round(twentieths[18], 1)}


def askers() -> dict[str, list[Any]]:
    from baken.record.people.models import User
    from baken.record.people.reads import by_email, caller_of

    customers = [caller_of(user) for user in User.objects.filter(organisation__kind="customer")]
    agent = by_email("bob@provider.example")
    assert agent is not None
    return {"customer": customers, "desk": [caller_of(agent)]}


def timed(caller: Any, words: str, kind: str) -> tuple[float, float]:
    """Milliseconds by the clock, and those in which a processor was busy with it."""
    began, busy = time.perf_counter(), time.process_time() + in_server()
    read(caller, words, kind)
    return (time.perf_counter() - began) * 1_000, (time.process_time() + in_server() - busy) * 1_000


def in_server() -> float:
    """Seconds that the server's process of this connection has been busy; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{backend()}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0


@lru_cache
def backend() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def read(caller: Any, words: str, kind: str) -> list[str]:
    from django.core.paginator import Paginator

    from baken.record.incidents import reads
    from baken.record.people.acting import acting

    wanted = reads.Wanted(priorities=["medium"] if kind == NARROWED else [])
    with acting(caller):  # as a request does: under the policies of the caller's role
        return [row.subject for row in Paginator(reads.found(caller, words, wanted).rows, PAGE).get_page(1)]


def counted() -> dict[str, int]:
    from baken.record.incidents.models import Incident, Message
    from baken.record.orgs.models import SearchToken

    return {model._meta.model_name: model.objects.count() for model in (Message, Incident, SearchToken)}


def machine() -> dict[str, object]:
    return {"python": platform.python_version(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}


def met(result: dict[str, dict[str, dict[str, float]]], what: str) -> bool:
    return all(times[what] < TARGET for kinds in result.values() for times in kinds.values())


if __name__ == "__main__":
    sys.exit(main())
