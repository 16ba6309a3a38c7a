"""What pages of an organization share: their request, and the right that reading them needs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, QueryDict

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.core.rights import Right
from kanton.organizations.models import Organization

P = ParamSpec("P")


class ConsoleRequest(HttpRequest):
    """What the middleware makes of a request under `/o/<organization>/`."""

    actor: Actor
    organization: Organization
    user: Person


def selected_numbers(sent: QueryDict) -> list[int]:
    """The rows that were ticked in a table; what is no number is passed over."""
    return [int(pk) for pk in sent.getlist("selected") if pk.isascii() and pk.isdigit() and len(pk) < 19]


def needs(
    right: Right,
) -> Callable[
    [Callable[Concatenate[ConsoleRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """On a view: without this right in the organization the page answers 403 and says whom to ask."""
    from kanton.organizations.queries import require

    def decorate(
        view: Callable[Concatenate[ConsoleRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @functools.wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            known = cast("ConsoleRequest", request)
            require(known.actor, right, known.organization)
            return view(known, *args, **kwargs)

        return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", answer)

    return decorate
