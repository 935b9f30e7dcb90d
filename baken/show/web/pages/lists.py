"""Long lists, a page at a time."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

ROWS = 50


def paged(request: HttpRequest, rows: QuerySet[Any], size: int = ROWS) -> Page[Any]:
    """The page of rows that `?page=` asks for; the first or last one for a number that is none or too high."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
