"""What sealing costs of registering an incident.

    make bench
    .venv-bench/bin/python bench/sealing.py [--incidents 300]

A customer's report through the flow, with all it does: the ledger's fact, the incident, the message, its search tokens;
and the readings of its clocks that the worker makes. Sealing and opening are timed where they happen. The database does
not wait for a disk, so that what it does besides looks as cheap as it can be. Medians of several runs.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.worlds import sealed
from bench.worlds.database import running
from bench.worlds.writing import Writer

RUNS = 5
TARGET = 10.0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--incidents", type=int, default=300)
    incidents = parser.parse_args().incidents
    with tempfile.TemporaryDirectory(prefix="baken-bench-") as folder, running(Path(folder)):
        sealed.customers(5)
        register(20, Writer(0), Counter())
        runs = [one(incidents, number) for number in range(RUNS)]
    result = {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}
    spread = [round(run["sealing_percent"], 1) for run in runs]
    load = round(os.getloadavg()[0], 1)
    print(
        json.dumps({**result, "sealing_percent_of_runs": spread, "load": load, "met": max(spread) < TARGET}, indent=1)
    )
    return 0


def one(incidents: int, seed: int) -> dict[str, float]:
    """Milliseconds an incident, and how much of it is sealing and opening, and how much making tokens."""
    spent: Counter[str] = Counter()
    began = time.perf_counter()
    register(incidents, Writer(seed + 1), spent)
    total = time.perf_counter() - began
    return {
        "milliseconds": 1_000 * total / incidents,
        "sealing_percent": 100 * spent["sealing"] / total,
        "tokens_percent": 100 * spent["tokens"] / total,
        "values_sealed": spent["seals"] / incidents,
        "values_opened": spent["opens"] / incidents,
    }


def register(incidents: int, writer: Writer, spent: Counter[str]) -> None:
    from baken.record.catalogue.models import Service
    from baken.record.clocks import flows as clocks
    from baken.record.incidents import flows
    from baken.record.people.models import User
    from baken.record.people.reads import caller_of

    service, users = Service.objects.get(), list(User.objects.filter(organisation__kind="customer"))
    with timed(spent):
        for number in range(incidents):
            user = users[number % len(users)]
            flows.report(
                caller_of(user), organisation=user.organisation, service=service, subject=writer.subject(),
                body=writer.message(),
            )  # fmt: skip
            while clocks.catch_up():
                pass


@contextmanager
def timed(spent: Counter[str]) -> Iterator[None]:
    """Adds up what goes into sealing, opening and tokens."""
    from baken.record.orgs import sealing, search

    made = search.tokens
    with (
        mock.patch.object(sealing, "seal", watched(sealing.seal, spent, "sealing", "seals")),
        mock.patch.object(sealing, "unseal", watched(sealing.unseal, spent, "sealing", "opens")),
        mock.patch.object(search, "tokens", watched(lambda *given: list(made(*given)), spent, "tokens", "texts")),
    ):
        yield


def watched(done: Callable[..., Any], spent: Counter[str], what: str, count: str) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        began = time.perf_counter()
        try:
            return done(*given)
        finally:
            spent[what] += time.perf_counter() - began  # type: ignore[assignment]
            spent[count] += 1

    return call


if __name__ == "__main__":
    sys.exit(main())
