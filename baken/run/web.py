"""The web process: pages, API and assets, by granian.

`python -m baken.run.web` runs it, as a child of the supervisor or by itself. Its workers share the port; a worker
that dies takes the whole process along, and whoever supervises it starts it again: one mechanism, not two.
"""

import os
from typing import Any

from granian import Granian
from granian.constants import Interfaces, SSLProtocols
from granian.log import logger

from baken.record.policies import DOOR, PROGRAM
from baken.run import configuration, strict
from baken.run.certificate import certificate, follow
from baken.run.lifeline import watch_parent

MOST_WORKERS = 4
READY_SECONDS = 8.0
"""Time that a worker with a renewed certificate gets to listen in, before the old one lets go."""
STOP_SECONDS = 5
"""Time that open answers (event streams too) get to end in; less than the supervisor's patience."""


def application() -> Any:
    """The ASGI application: assets from memory, Django for the rest. Made once in each worker."""
    watch_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baken.run.settings")
    import django
    from django.conf import settings

    begin_at_the_door(settings.DATABASES["default"])
    django.setup(set_prefix=False)

    from baken.run.assets import Assets
    from baken.run.bodies import Pages

    return Assets(settings.STATIC_ROOT, settings.STATIC_URL, Pages())


def begin_at_the_door(database: dict[str, Any]) -> None:
    """Until somebody is known, a connection of the pages may read what it takes to know them, and nothing else."""
    options = database["OPTIONS"]
    options["options"] = options["options"].replace(f"role={PROGRAM}", f"role={DOOR}")


def main() -> None:
    """Serve until SIGTERM. Raises ConfigurationError."""
    watch_parent()
    strict.insist()
    own = certificate()
    server = Granian(
        "baken.run.web:application",
        address=configuration.bind(),
        port=configuration.port(),
        interface=Interfaces.ASGINL,  # Django speaks no lifespan
        factory=True,
        workers=min(MOST_WORKERS, os.cpu_count() or 1),
        websockets=False,
        workers_kill_timeout=STOP_SECONDS,
        respawn_interval=READY_SECONDS,
        ssl_cert=own.chain if own else None,
        ssl_key=own.key if own else None,
        ssl_protocol_min=SSLProtocols.tls12,
    )
    if own:
        server.on_startup(lambda: follow(own, logger.error))  # by then SIGHUP is heeded
    server.serve()


if __name__ == "__main__":
    with configuration.told():
        main()
