"""The API as one application: its operations, its errors, its document."""

from ninja import NinjaAPI

from baken.show.api import health, prober
from baken.show.api.problems import add_handlers

api = NinjaAPI(title="Baken", version="1", urls_namespace="api", docs_url=None)
add_handlers(api)
for router in (health.router, prober.router):
    api.add_router("", router)
