"""The staff's pages about blocks."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.web import AccountRequest, staff_page
from kanton.core.parity import shows
from kanton.support.blocks.actions import ask_for_identity, block_person, lift_block, send_protection_guide
from kanton.support.blocks.forms import BlockForm, LiftForm
from kanton.support.blocks.models import SecurityBlock
from kanton.support.blocks.queries import places_of, security_block, security_blocks, whom_to_block
from kanton.ui import components
from kanton.ui.hx import finished
from kanton.ui.tables import Column, DateColumn, Empty, Filter, Table


def _state(block: SecurityBlock) -> str:
    return _("blocked") if block.is_open else _("ended")


def _in_states(rows: Any, values: list[str]) -> Any:
    return rows if len(values) > 1 else rows.filter(lifted_at__isnull="open" in values)


class BlockTable(Table[SecurityBlock]):
    """Blocks, the newest first."""

    number = Column(
        gettext_lazy("Person"),
        value=lambda block: block.person.display_name,
        link=lambda block: reverse("blocks:block", args=[block.pk]),
        below=lambda block: block.organization_label or _("the whole account"),
        main=True,
    )
    state = Column(
        gettext_lazy("State"),
        value=_state,
        html=lambda block: components.badge(_state(block), "failed" if block.is_open else "done"),
    )
    blocked_at = DateColumn(gettext_lazy("Since"), sort="blocked_at")
    by = Column(gettext_lazy("By"), value="blocked_by.display_name", wide=True)
    search = ("person__first_name", "person__last_name", "person__email", "organization__name", "reason")
    filters = (
        Filter(
            "state",
            gettext_lazy("State"),
            [("open", gettext_lazy("blocked")), ("ended", gettext_lazy("ended"))],
            apply=_in_states,
        ),
    )
    default_sort = "-pk"
    empty = Empty(
        gettext_lazy("Nobody is blocked"),
        gettext_lazy("In a security incident, open the person under “All people” and block them there."),
        icon="shield-lock",
    )


@require_GET
@staff_page
@shows(security_blocks)
def blocks(request: AccountRequest) -> HttpResponse:
    """All blocks."""
    return BlockTable(request, security_blocks(request.actor)).response("blocks/blocks.html")


@never_cache
@staff_page
@require_http_methods(["GET", "POST"])
@shows(places_of, whom_to_block)
def begin(request: AccountRequest, number: int) -> HttpResponse:
    """Block somebody, after support code and reason (ORG-87)."""
    person = whom_to_block(request.actor, number)
    places = places_of(request.actor, person)
    form = BlockForm(request.POST or None, places=places)
    if request.method == "POST" and form.is_valid():
        with form.catching():
            made = block_person(request.actor, person, **form.cleaned_data)
            if made.problem is not None:
                form.add_domain_error(made.problem)
            else:
                text = _("%(person)s is blocked.") % {"person": person.display_name}
                return finished(request, text, to=reverse("blocks:block", args=[made.done().pk]))
    context = {"person": person, "places": places, "form": form}
    return render(request, "blocks/begin.html", context, status=422 if form.is_bound else 200)


@never_cache
@staff_page
@require_http_methods(["GET", "POST"])
@shows(security_block)
def block(request: AccountRequest, number: int) -> HttpResponse:
    """One block, and its end."""
    found = security_block(request.actor, number)
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.catching():
            lift_block(request.actor, found, **form.cleaned_data)
            text = _("The block of %(person)s has ended.") % {"person": found.person.display_name}
            return finished(request, text, to=reverse("blocks:blocks"))
    places = [
        place
        for place in places_of(request.actor, found.person)
        if found.organization_id in (None, place.membership.organization_id)
    ]
    context = {"shown": found, "form": form, "means": [one for place in places for one in place.means]}
    return render(request, "blocks/block.html", context, status=422 if form.is_bound else 200)


@require_POST
@staff_page
def ask_identity(request: AccountRequest, number: int) -> HttpResponse:
    """Have a blocked last owner prove who they are (ORG-91)."""
    case = ask_for_identity(request.actor, security_block(request.actor, number))
    text = _("The procedure of %(case)s is on its way.") % {"case": case}
    return finished(request, text, to=reverse("blocks:block", args=[number]))


@require_POST
@staff_page
def guide(request: AccountRequest, number: int) -> HttpResponse:
    """Send the guide for securing an account instead (ORG-90)."""
    person = whom_to_block(request.actor, number)
    send_protection_guide(request.actor, person)
    text = _("The guide to %(person)s is on its way.") % {"person": person.display_name}
    return finished(request, text, to=reverse("blocks:begin", args=[number]))
