"""Whether the hub works: for load balancers and whoever watches the watchman."""

from django.db import connection
from django.http import HttpRequest
from ninja import Router, Schema

from baken.show.api import limiting

router = Router(tags=["Health"])


class Health(Schema):
    """The hub answers, and its database too."""

    status: str = "ok"
    database: str = "ok"


@router.get("/health", response=Health, auth=None, summary="Health of the hub")
def health(request: HttpRequest) -> Health:
    """Answers 200 when the hub and its database work, else 503."""
    limiting.count(request, "address")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Health()
