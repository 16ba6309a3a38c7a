"""The billing time machine."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kanton.billing.forecast import queries
from kanton.billing.forecast.forms import QuestionForm
from kanton.billing.forecast.timeline import Timeline, difference
from kanton.core.parity import shows
from kanton.organizations.web import ConsoleRequest
from kanton.ui import formats


@require_GET
@shows(queries.forecast_of)
def forecast(request: ConsoleRequest) -> HttpResponse:
    """Every invoice of the next 24 months as bars and as a list, and the answer to "what if"."""
    found = queries.forecast_of(request.actor, request.organization)
    is_asked = "product_id" in request.GET
    form = QuestionForm(found.services, request.GET if is_asked else None)
    status = 200
    if is_asked:
        if form.is_valid():
            with form.catching():
                found = queries.forecast_of(request.actor, request.organization, form.question())
        status = 422 if form.errors else 200
    shown = found.other or found.now
    context = {
        "form": form,
        "now": found.now,
        "other": found.other,
        "more": difference(found.now, found.other) if found.other else None,
        "shown": shown,
        "points": _points(shown),
        "services": found.services,
    }
    return render(request, "forecast/forecast.html", context, status=status)


def _points(timeline: Timeline) -> list[tuple[str, float]]:
    """The bars: a picture needs no exact arithmetic, the list below has it."""
    return [(formats.month(month), float(amount.amount)) for month, amount in timeline.by_month()]
