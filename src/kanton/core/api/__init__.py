"""The toolkit with which every room writes its part of the REST API. How: `kanton/rest/README.md`.

Nothing in here knows tokens, persons or products; `kanton.rest` gathers the routes and answers the requests.
"""

from __future__ import annotations

from kanton.core.api.calls import ApiCall, call_of
from kanton.core.api.errors import ApiError, Problem, from_base64, invalid
from kanton.core.api.lists import Lists, Rows
from kanton.core.api.request import ApiRequest
from kanton.core.api.routing import ROUTES, Route, Router
from kanton.core.api.schemas import Body, Id, MoneyOut, Query, Timestamp, WishOut, money_out
from kanton.core.api.scopes import ANY, SCOPES, Scope, expand

__all__ = [
    "ANY",
    "ROUTES",
    "SCOPES",
    "ApiCall",
    "ApiError",
    "ApiRequest",
    "Body",
    "Id",
    "Lists",
    "MoneyOut",
    "Problem",
    "Query",
    "Route",
    "Router",
    "Rows",
    "Scope",
    "Timestamp",
    "WishOut",
    "call_of",
    "expand",
    "from_base64",
    "invalid",
    "money_out",
]
