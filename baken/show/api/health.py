"""Whether the hub works: for load balancers and whoever watches the watchman."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from psycopg_pool import PoolTimeout

from baken.show.api.problems import problem

router = Router(tags=["Health"])


class Health(Schema):
    """The hub answers, and its database too."""

    status: str = "ok"
    database: str = "ok"


@router.get("/health", response=Health, auth=None, summary="Health of the hub")
def health(request: HttpRequest) -> Health | HttpResponse:
    """Answers 200 when the hub and its database work, else 503. Needs no token and tells nothing else."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, PoolTimeout):
        return problem(503)
    return Health()
