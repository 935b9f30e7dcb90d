"""Files of 300 MB to and from a web process, with its memory measured.

A drill and not a test: it moves a gigabyte about, which takes a minute or two.

    make drill-files
"""

import json
from pathlib import Path

import pytest

from tests.conftest import Cast
from tests.flows.streaming import Memory, digest, server
from tests.flows.test_streaming import MEGABYTES, warm, world_of

SIZE = 300 * MEGABYTES + 1
GROWTH = 40


@pytest.mark.django_db(transaction=True)
def test_three_hundred_megabytes_pass_through(cast: Cast, tmp_path: Path) -> None:
    with server(tmp_path, BAKEN_FILE_LIMIT="500") as web:
        world = world_of(cast, web)
        warm(world)
        memory = Memory(web.processes())
        status, body = world.upload(SIZE)
        assert (status, json.loads(body)["report"]["sha256"]) == (201, digest(SIZE)), body
        arrived = memory.growth()
        assert web.download(world.path, world.token) == (SIZE, digest(SIZE))
        print(f"grown by {arrived:.1f} MB after the upload, {memory.growth():.1f} MB after the download")
        assert memory.growth() < GROWTH
