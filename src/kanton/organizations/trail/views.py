"""What was checked, who gets the daily proof, and the log as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.activity.tables import ActivityTable, with_dates
from kanton.core.errors import NotFound
from kanton.core.parity import shows
from kanton.core.query import get_or_not_found
from kanton.organizations.queries import activity_of_organization
from kanton.organizations.rights import ACTIVITY_VIEW
from kanton.organizations.trail.actions import choose_head_readers, order_log_export
from kanton.organizations.trail.files import line_of, place_of
from kanton.organizations.trail.forms import ExportForm, KeptForm, ReadersForm
from kanton.organizations.trail.queries import checked, head_readers, is_kept, log_exports, owners_of
from kanton.organizations.trail.rights import HEADS_CHOOSE
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished


@require_GET
@needs(ACTIVITY_VIEW)
@shows(checked, head_readers, is_kept)
def proof(request: ConsoleRequest) -> HttpResponse:
    """What the last check went over, and whether a kept proof still fits."""
    form = KeptForm(request.GET if "kept" in request.GET else None)
    found = None
    if form.is_bound and form.is_valid():
        position, digest = form.cleaned_data["kept"].strip().split(":")
        found = is_kept(request.actor, request.organization, int(position), digest)
    owners, chosen = owners_of(request.organization), head_readers(request.organization)
    may_choose = request.actor.decide(HEADS_CHOOSE, request.organization)
    context = {
        "may_choose": may_choose,
        "checked": checked(request.actor, request.organization),
        "form": form,
        "is_kept": found,
        "readers": chosen,
        "readers_form": ReadersForm(
            owners=owners, initial={"readers": [reader.membership_id for reader in chosen]}
        )
        if may_choose
        else None,
    }
    return render(request, "trail/proof.html", context, status=422 if form.errors else 200)


@require_POST
@needs(HEADS_CHOOSE)
def readers(request: ConsoleRequest) -> HttpResponse:
    """Choose who gets the daily proof."""
    form = ReadersForm(request.POST, owners=owners_of(request.organization))
    numbers = form.cleaned_data["readers"] if form.is_valid() else [0]  # 0 is nobody's: the action refuses it
    chosen = choose_head_readers(request.actor, request.organization, readers=numbers)
    text = _("The daily proof goes out to those chosen.") if chosen else _("The daily proof goes to nobody.")
    return finished(request, text, to=reverse("trail:proof", args=[request.organization.slug]))


@require_GET
@needs(ACTIVITY_VIEW)
@shows(activity_of_organization)
def export(request: ConsoleRequest) -> HttpResponse:
    """The log as JSON lines, narrowed as the page is; written as it is read, so it may be as long as it likes."""
    rows, _dates = with_dates(request, activity_of_organization(request.actor, request.organization))
    found = ActivityTable(request, rows).narrowed.order_by("-pk")
    language = get_language()

    def lines() -> Iterator[str]:
        for row in found.iterator(chunk_size=1000):
            # The file is written when the request, and with it the reader's language, is over.
            with translation.override(language):
                yield json.dumps(line_of(row), ensure_ascii=False, default=str) + "\n"

    answer = StreamingHttpResponse(lines(), content_type="application/jsonl; charset=utf-8")
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="{request.organization.slug}-activity.jsonl"'
    )
    return cast("HttpResponse", answer)


@require_http_methods(["GET", "POST"])
@needs(ACTIVITY_VIEW)
@shows(log_exports)
def exports(request: ConsoleRequest) -> HttpResponse:
    """Order a file of the log, see it grow, and fetch it."""
    found = list(log_exports(request.actor, request.organization))
    return carry_out(
        request,
        ExportForm(request.POST or None),
        order_log_export,
        request.organization,
        page="trail/exports.html",
        partial="trail/exports.html",
        then=lambda _export: finished(
            request,
            _("The file is being written. You get a mail when it is ready."),
            to=reverse("trail:exports", args=[request.organization.slug]),
        ),
        context={"exports": found, "is_writing": any(each.ready_at is None for each in found)},
    )


@require_GET
@needs(ACTIVITY_VIEW)
def export_file(request: ConsoleRequest, number: int) -> HttpResponse:
    """Fetch a file that is ready."""
    export = get_or_not_found(
        log_exports(request.actor, request.organization).filter(ready_at__isnull=False), pk=number
    )
    place = place_of(export)
    if not place.exists():
        raise NotFound(model="file")
    answer = FileResponse(place.open("rb"), as_attachment=True, filename=str(export))
    return cast("HttpResponse", answer)
