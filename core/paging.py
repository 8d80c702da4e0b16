"""One page of a long list, where the number of all rows is known already."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet


def page_of(rows: QuerySet[Any, Any], number: int, *, size: int, total: int) -> "Page[Any]":
    """Page `number`, counted from 1; the nearest page there is where that one does not exist. No query of its own."""
    paginator = Paginator(rows, size)
    # Chips above a list have counted it; Django would count once more.
    paginator.count = total
    return paginator.get_page(max(number, 1))
