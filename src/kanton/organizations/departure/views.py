"""The pages: the wizard that removes somebody, how far it is, who went, and leaving by oneself."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.reauthentication import proof_instead
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.action import dry_run
from kanton.core.errors import DomainError, NotFound
from kanton.core.parity import shows
from kanton.core.rights import Role
from kanton.organizations.departure.actions import (
    answer_anew,
    bring_back,
    discard_answers,
    keep_answers,
    leave_organization,
    remembered,
    remove_member,
)
from kanton.organizations.departure.contract import Source, source_called
from kanton.organizations.departure.forms import AnewForm, AnswersForm, RemoveForm
from kanton.organizations.departure.models import Departure, Settling, State, Way
from kanton.organizations.departure.queries import (
    Held,
    conditions_for_leaving,
    departure_of,
    departure_plan,
    departures_of,
    facts_about,
    heirs_for,
    own_membership,
    progress_of,
    settlement_of,
    settlements_of,
)
from kanton.organizations.models import Membership
from kanton.organizations.queries import member_of, organization_for
from kanton.organizations.rights import MEMBERS_MANAGE, MEMBERS_VIEW
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui import components
from kanton.ui.forms import Preview, carry_out
from kanton.ui.hx import finished, hx_render, is_htmx
from kanton.ui.pages import list_page
from kanton.ui.tables import ChoiceColumn, Column, DateColumn, Empty, RowAction, Table


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the wizard: everything the person holds in one source."""

    source: Source
    held: list[Held]
    url: str

    @property
    def is_done(self) -> bool:
        """Whether everything here is answered."""
        return all(one.is_answered for one in self.held)

    @property
    def open_count(self) -> int:
        """How much is not."""
        return sum(not one.is_answered for one in self.held)


def _steps(request: ConsoleRequest, membership: Membership) -> list[Step]:
    slug = request.organization.slug
    plan = departure_plan(request.actor, membership)
    return [
        Step(held[0].source, held, reverse("departure:step", args=[slug, membership.pk, code]))
        for code, held in ((code, list(rows)) for code, rows in groupby(plan, lambda one: one.source.code))
    ]


def _next_url(request: ConsoleRequest, membership: Membership, steps: list[Step], after: str = "") -> str:
    """The first open step behind this one, then any open one, then the last page."""
    codes = [step.source.code for step in steps]
    start = codes.index(after) + 1 if after in codes else 0
    for step in [*steps[start:], *steps[:start]]:
        if not step.is_done:
            return step.url
    return reverse("departure:last", args=[request.organization.slug, membership.pk])


@never_cache
@require_GET
@needs(MEMBERS_MANAGE)
@shows(departure_plan, facts_about)
def begin(request: ConsoleRequest, number: int) -> HttpResponse:
    """The first page: what the person holds here, what happens by itself, and "Continue" (ORG-48, ORG-50)."""
    membership = member_of(request.actor, request.organization, number)
    steps = _steps(request, membership)
    context = {
        "membership": membership,
        "steps": steps,
        "facts": facts_about(membership.person, request.organization),
        "next_url": _next_url(request, membership, steps),
        "is_begun": any(one.answer is not None for step in steps for one in step.held),
    }
    return hx_render(request, "departure/begin.html", "departure/begin.html", context)


@never_cache
@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def step(request: ConsoleRequest, number: int, code: str) -> HttpResponse:
    """What becomes of everything in one product (ORG-50, ORG-51). The answers are kept; nothing changes yet."""
    membership = member_of(request.actor, request.organization, number)
    steps = _steps(request, membership)
    here = next((one for one in steps if one.source.code == code), None)
    if here is None:
        return HttpResponseRedirect(_next_url(request, membership, steps))
    heirs = heirs_for(request.organization, membership.person)
    form = AnswersForm(request.POST or None, held=here.held, heirs=heirs)

    def then(_departure: Departure) -> HttpResponse:
        to = _next_url(request, membership, _steps(request, membership), after=code)
        if is_htmx(request):
            return HttpResponse(status=204, headers={"HX-Redirect": to})
        return HttpResponseRedirect(to, status=303)

    return carry_out(
        request,
        form,
        keep_answers,
        membership,
        page="departure/step.html",
        partial="departure/_step_form.html",
        then=then,
        context={"membership": membership, "steps": steps, "here": here, "place": steps.index(here) + 1},
    )


@never_cache
@sensitive_post_parameters("current_password")
@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def last(request: ConsoleRequest, number: int) -> HttpResponse:
    """The whole effect, the password, the tick and the red button (ORG-48, ORG-53)."""
    if first := proof_instead(request, request.user):
        return first
    membership = member_of(request.actor, request.organization, number)
    steps = _steps(request, membership)
    open_step = next((one for one in steps if not one.is_done), None)
    if open_step is not None and request.method == "GET":
        return HttpResponseRedirect(open_step.url)
    facts = facts_about(membership.person, request.organization)
    preview = None
    if request.method == "GET":
        try:
            preview = Preview.of(dry_run(remove_member, request.actor, membership), notes=facts)
        except DomainError as error:
            preview = Preview(error=error.sentence)
    return carry_out(
        request,
        RemoveForm(request.POST or None, person=request.user),
        remove_member,
        membership,
        page="departure/last.html",
        partial="departure/_last_form.html",
        then=lambda departure: finished(
            request,
            _("%(person)s no longer belongs to the organization.") % {"person": membership.person},
            to=reverse("departure:departure", args=[request.organization.slug, departure.pk]),
            undo_url=reverse("departure:bring_back", args=[request.organization.slug, departure.pk]),
        ),
        context={"membership": membership, "steps": steps, "preview": preview},
        notes=facts,
    )


@require_POST
@needs(MEMBERS_MANAGE)
def discard(request: ConsoleRequest, number: int) -> HttpResponse:
    """Forget the answers of a wizard that was begun."""
    membership = member_of(request.actor, request.organization, number)
    discard_answers(request.actor, membership)
    text = _("Nothing was changed. %(person)s stays.") % {"person": membership.person}
    return finished(request, text, to=reverse("organizations:people", args=[request.organization.slug]))


class DepartureTable(Table[Departure]):
    """Who went, by whom, and until when they can be brought back."""

    person = Column(
        gettext_lazy("Name"),
        value="person.display_name",
        link=lambda row: reverse("departure:departure", args=[row.organization.slug, row.pk]),
        sort="person__last_name",
        main=True,
    )
    state = Column(gettext_lazy("State"), value=lambda row: _state(row), html=lambda row: _badge(row))
    role = ChoiceColumn(gettext_lazy("Role"), choices=[(role.value, role.label) for role in Role], wide=True)
    by = Column(gettext_lazy("By"), value="by_label", wide=True)
    started_at = DateColumn(gettext_lazy("Gone on"), sort="started_at")
    undo_until = DateColumn(
        gettext_lazy("Can be brought back until"),
        value=lambda row: row.undo_until if row.can_be_undone else None,
    )
    search = ("person__first_name", "person__last_name", "person__email")
    default_sort = "-started_at"
    file_name = "departures"
    empty = Empty(
        gettext_lazy("Nobody has gone within the last 30 days"),
        gettext_lazy("Whoever is removed stands here for 30 days and can be brought back with one click."),
        icon="users",
    )

    def row_actions(self, row: Departure) -> list[RowAction]:
        """Bring back, within thirty days."""
        if not row.can_be_undone:
            return []
        url = reverse("departure:bring_back", args=[row.organization.slug, row.pk])
        may_manage = self.context["may_manage"]
        return [RowAction(_("Bring the person back"), url, "arrow-back-up", decision=may_manage)]


def _state(row: Departure) -> str:
    if row.way == Way.LEFT and row.state in (State.RUNNING, State.DONE):
        return str(Way.LEFT.label)
    if row.state == State.DONE:
        return str(Way.REMOVED.label)
    return str(row.get_state_display())


def _badge(row: Departure) -> Any:
    kind = "waiting" if row.is_moving else "done" if row.state == State.RETURNED else "note"
    return components.badge(_state(row), kind)


@list_page
@needs(MEMBERS_VIEW)
@shows(departures_of)
def departures(request: ConsoleRequest) -> HttpResponse:
    """Who went within the last thirty days."""
    table = DepartureTable(
        request,
        departures_of(request.actor, request.organization),
        may_manage=request.actor.decide(MEMBERS_MANAGE, request.organization),
    )
    return table.response("departure/departures.html")


@never_cache
@require_GET
@needs(MEMBERS_VIEW)
@shows(departure_of, settlements_of)
def departure(request: ConsoleRequest, number: int) -> HttpResponse:
    """How far it is, what became of each thing, and the way back."""
    found = departure_of(request.actor, request.organization, number)
    settlements = settlements_of(request.actor, found)
    done, total = progress_of(settlements, found.state)
    context = {
        "departure": found,
        "settlements": settlements,
        "done": done,
        "total": total,
        "failed": [one for one in settlements if one.state == Settling.FAILED],
        "may_manage": request.actor.decide(MEMBERS_MANAGE, request.organization),
        "shown_state": _state(found),
    }
    return hx_render(request, "departure/departure.html", "departure/_departure.html", context)


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def anew(request: ConsoleRequest, number: int, settlement: int) -> HttpResponse:
    """Another answer for something that could not be settled as chosen."""
    found = departure_of(request.actor, request.organization, number)
    one = settlement_of(request.actor, found, settlement)
    source = source_called(one.source)
    if source is None or one.state != Settling.FAILED:
        raise NotFound(model="settlement")
    heirs = heirs_for(request.organization, found.person)
    return carry_out(
        request,
        AnewForm(request.POST or None, holding=remembered(one), source=source, heirs=heirs),
        answer_anew,
        one,
        page="departure/anew.html",
        partial="departure/_anew_form.html",
        then=lambda _settlement: finished(
            request, _("It is being settled."), to=_departure_url(request, found)
        ),
        context={"departure": found, "settlement": one},
    )


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def back(request: ConsoleRequest, number: int) -> HttpResponse:
    """Bring somebody back, after seeing what that does."""
    found = departure_of(request.actor, request.organization, number)
    preview = None
    if request.method == "GET":
        try:
            preview = Preview.of(dry_run(bring_back, request.actor, found))
        except DomainError as error:
            preview = Preview(error=error.sentence)
    else:
        bring_back(request.actor, found)
        text = _("%(person)s belongs to the organization again.") % {"person": found.person}
        return finished(request, text, to=_departure_url(request, found))
    return render(request, "departure/back.html", {"departure": found, "preview": preview})


def _departure_url(request: ConsoleRequest, found: Departure) -> str:
    return reverse("departure:departure", args=[request.organization.slug, found.pk])


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
@shows(conditions_for_leaving)
def leave(request: AccountRequest, slug: str) -> HttpResponse:
    """Leave an organization, or read which condition is not met and who can help (ORG-22…26)."""
    organization = organization_for(request.actor, slug)
    membership = own_membership(request.actor, organization)
    if request.method == "POST":
        leave_organization(request.actor, membership)
        text = _("You have left %(organization)s.") % {"organization": organization.name}
        return finished(request, text, to=reverse("organizations:mine"))
    conditions = conditions_for_leaving(request.actor, organization)
    preview = None if conditions else Preview.of(dry_run(leave_organization, request.actor, membership))
    context = {"left": organization, "conditions": conditions, "preview": preview}
    return render(request, "departure/leave.html", context)
