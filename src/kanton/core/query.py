"""Reading: what is not yours is not there."""

from __future__ import annotations

from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet

from kanton.core.errors import NotFound

M = TypeVar("M", bound=Model)


def get_or_not_found(queryset: QuerySet[M], **lookup: Any) -> M:
    """The one row of the queryset, or NotFound. Hidden and missing look the same."""
    try:
        return queryset.get(**lookup)
    except (ObjectDoesNotExist, ValueError, OverflowError) as error:
        raise NotFound(model=queryset.model._meta.model_name) from error
