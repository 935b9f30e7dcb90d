"""Rotating a data key over a million sealed rows, killed three times, while others read and write.

    make bench
    .venv-bench/bin/python bench/rotation.py [--messages 1000000]

The product's own command rotates, in a process of its own that gets a SIGKILL at three random points and is run again.
Two processes read messages meanwhile and one writes and changes some. Every message ends with its own checksum: a read
fails when the row is not there, the text does not open or its checksum does not fit. In the end every message is read,
every row that was there before and everything that was written since is looked for, and nothing may be left under the
old key. It ends with 1 when anything of this is not so.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID
from zlib import crc32

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.worlds import sealed
from bench.worlds.database import ROOT, ready, running
from bench.worlds.writing import Writer

KILLS = 3
READERS = 2
ROTATE = [sys.executable, "-m", "baken.run.cli", "keys", "rotate", "--organisation", "c0"]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--work", choices=("read", "write"), help="Be one of the others.")
    given = parser.parse_args()
    if given.work:
        ready()
        (reading if given.work == "read" else writing)()
        return 0
    with tempfile.TemporaryDirectory(prefix="baken-bench-") as folder, running(Path(folder)) as cluster:
        sealed.customers(1)
        built = sealed.build(given.messages, cluster.admin_dsn, tokens=False)
        before = sealed_rows()
        with others() as found:
            result = rotated(len(before))
        written = found.pop("written")
        result |= {"rows": len(before), "seconds_to_build": round(built, 1), **found, **checked(before, written)}
    result |= {"load": round(os.getloadavg()[0], 1)}
    result["met"] = not any(result[name] for name in ("failed_reads", "failed_writes", "lost", "unreadable", "stale"))
    print(json.dumps(result, indent=1))
    return 0 if result["met"] else 1


def sealed_rows() -> set[UUID]:
    """The ids of everything of the customer that is sealed."""
    from baken.record.orgs import rotation

    every = (rotation._rows(model, customer()).values_list("id", flat=True) for model in rotation.sealed_models())
    return {id for ids in every for id in ids.iterator(10_000)}


def customer() -> UUID:
    from baken.record.orgs.models import Organisation

    return Organisation.objects.get(code="c0").id


def rotated(rows: int) -> dict[str, Any]:
    """Run the command, kill it at random points, and run it to its end; how fast it was while it sealed."""
    dice = random.Random()
    points = sorted(dice.uniform(0.05, 0.9) for _ in range(KILLS))
    began, walking, killed_at = time.perf_counter(), 0.0, []
    for point in [*points, 2.0]:
        process = subprocess.Popen(ROTATE, cwd=ROOT, stdout=subprocess.DEVNULL)
        first = done()
        started: float | None = None
        while process.poll() is None and done() < point * rows:
            started = started or (time.perf_counter() if done() > first else None)
            time.sleep(0.05)
            if 1 - done() / rows < 0.001:
                break
        walking += time.perf_counter() - (started or time.perf_counter())
        if point < 1:
            process.send_signal(signal.SIGKILL)
            killed_at.append(done())
        if process.wait() and point > 1:
            sys.exit("the rotation failed")
    seconds = time.perf_counter() - began
    return {"rows_per_second": round(rows / walking), "killed_at": killed_at, "seconds": round(seconds, 1)}


def done() -> int:
    from baken.record.orgs.models import Rotation

    return Rotation.objects.values_list("done", flat=True).first() or 0


@contextmanager
def others() -> Iterator[dict[str, Any]]:
    """Readers and a writer beside; what they found is in what is given, when they are over."""
    works = ["read"] * READERS + ["write"]
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "--work", work],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for work in works
    ]
    found: dict[str, Any] = {"reads": 0, "failed_reads": 0, "writes": 0, "failed_writes": 0, "written": {}}
    yield found
    for process in processes:
        said = json.loads(process.communicate("stop")[0])
        for name, value in said.items():
            found[name] = found[name] | value if name == "written" else found[name] + value


def reading() -> None:
    """Read random messages until somebody says to stop."""
    from baken.record.incidents.models import Message

    ids = list(Message.objects.filter(organisation_id=customer()).values_list("id", flat=True)[::97])
    dice, reads, failed = random.Random(), 0, 0
    while not asked_to_stop():
        asked = dice.sample(ids, min(20, len(ids)))
        reads += len(asked)
        failed += misread(asked)
    print(json.dumps({"reads": reads, "failed_reads": failed}))


def misread(ids: list[UUID]) -> int:
    """How many of these messages are not there, or not as they were written."""
    from baken.record.incidents.models import Message

    return len(ids) - sum(fits(row) for row in Message.objects.filter(id__in=ids))


def writing() -> None:
    """Add messages and change others until somebody says to stop."""
    from baken.record.incidents.models import Message

    writer, dice, written, writes, failed = Writer(5), random.Random(), {}, 0, 0
    rows = list(Message.objects.filter(organisation_id=customer())[:20_000:400])
    while not asked_to_stop():
        old = Message.objects.filter(id=dice.choice(rows).id).first()
        if old is None:
            failed += 1
            continue
        fresh = Message(
            organisation_id=old.organisation_id, incident_id=old.incident_id, kind="reply", visible=True,
            actor="program:bench", created_at=sealed.START,
        )  # fmt: skip
        for row in (old, fresh):
            row.body = sealed.with_sum(writer.message())
            try:
                row.save()
                written[str(row.id)] = row.body[-8:]
                writes += 1
            except Exception as error:  # noqa: BLE001  whatever it is, it counts
                print(error, file=sys.stderr)
                failed += 1
        time.sleep(0.005)
    print(json.dumps({"writes": writes, "failed_writes": failed, "written": written}))


def fits(row: Any) -> bool:
    """The text opens and its checksum is its own."""
    try:
        text, _, digest = row.body.rpartition(" ")
    except Exception as error:  # noqa: BLE001  whatever it is, it counts
        print(error, file=sys.stderr)
        return False
    return f"{crc32(text.encode()):08x}" == digest


def asked_to_stop() -> bool:
    import select

    return bool(select.select([sys.stdin], [], [], 0)[0])


def checked(before: set[UUID], written: dict[str, str]) -> dict[str, int]:
    """Every message once more, in this process, which has none in memory, and whether all that was there still is."""
    from baken.record.incidents.models import Message
    from baken.record.orgs import keys, rotation, sealing
    from baken.record.orgs.models import Rotation

    keys.forget_all()
    new = keys.primary(customer())
    unreadable = stale = 0
    for row in Message.objects.filter(organisation_id=customer()).only("organisation", "body").iterator(5_000):
        stale += sealing.version_of(row.__dict__["body"]) != new
        if not fits(row):
            unreadable += 1
        elif (digest := written.get(str(row.id))) is not None:
            unreadable += row.body[-8:] != digest
    over = Rotation(organisation_id=customer(), version=new)
    stale += sum(len(rotation._stale(model, over)) for model in rotation.sealed_models())
    return {"unreadable": unreadable, "stale": stale, "lost": len((before | set(map(UUID, written))) - sealed_rows())}


if __name__ == "__main__":
    sys.exit(main())
