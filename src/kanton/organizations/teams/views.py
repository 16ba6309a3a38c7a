"""The pages of teams."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.core.parity import shows
from kanton.core.rights import RIGHTS
from kanton.organizations import grantable
from kanton.organizations.accordion import Accordion
from kanton.organizations.forms import AccessForm
from kanton.organizations.models import Membership, Team
from kanton.organizations.queries import member_of, members_of
from kanton.organizations.rights import MEMBERS_MANAGE, MEMBERS_VIEW
from kanton.organizations.teams.actions import (
    add_to_team,
    change_team_access,
    change_teams,
    create_team,
    delete_team,
    edit_team,
    remove_from_team,
    restore_team,
)
from kanton.organizations.teams.forms import NewTeamForm, TeamChoiceForm, TeamForm, TeamsForm
from kanton.organizations.teams.queries import (
    deleted_team_of,
    deleted_teams_of,
    limited_in,
    losses,
    opened_by,
    people_in,
    people_outside,
    team_of,
    teams_of,
)
from kanton.organizations.views.people import ROLES, portrait
from kanton.organizations.web import ConsoleRequest, needs, selected_numbers
from kanton.ui import forms as ui
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished
from kanton.ui.pages import list_page
from kanton.ui.tables import (
    Bulk,
    ChoiceColumn,
    Column,
    DateColumn,
    Empty,
    Filter,
    NumberColumn,
    RowAction,
    Table,
)

BACK = 10  # deleted teams that the list offers to bring back


def _to(request: ConsoleRequest, name: str, *args: object) -> str:
    return reverse(f"teams:{name}", args=[request.organization.slug, *args])


class TeamTable(Table[Team]):
    """Name, people, what it opens."""

    name = Column(
        gettext_lazy("Team"),
        link=lambda team: reverse("teams:team", args=[team.organization.slug, team.pk]),
        below=lambda team: team.description,
        sort="name_key",
    )
    people = NumberColumn(gettext_lazy("People"), value="user_count", sort="user_count")
    opens = Column(gettext_lazy("Opens"), value=lambda team: ", ".join(_kinds(team)) or "–")
    created_at = DateColumn(gettext_lazy("Since"), relative=False, sort="created_at", wide=True)
    search = ("name", "description")
    default_sort = "name_key"
    file_name = "teams"

    def row_actions(self, row: Team) -> Sequence[RowAction]:
        """What may be done to a team."""
        slug, may_manage = row.organization.slug, self.context["may_manage"]

        def to(name: str) -> str:
            return reverse(f"teams:{name}", args=[slug, row.pk])

        return (
            RowAction(_("Rename"), to("edit"), "pencil", decision=may_manage),
            RowAction(_("Change what it opens"), to("access"), "key", decision=may_manage),
            RowAction(_("Add people"), to("add"), "user-plus", decision=may_manage),
            RowAction(_("Delete the team"), to("delete"), "trash", danger=True, decision=may_manage),
        )


def _kinds(team: Team) -> list[str]:
    """The kinds of product that a team opens, and what it may do in the organization itself."""
    return sorted(
        {
            str(
                grantable.named(grant.product).label if grant.product else capfirst(RIGHTS[grant.right].label)
            )
            for grant in team.grants.all()
            if grant.product or grant.right in RIGHTS
        }
    )


class _PeopleTable(Table[Membership]):
    """People in a team, and those who could come into it."""

    name = Column(
        gettext_lazy("Name"),
        value="person.display_name",
        html=portrait,
        below=lambda membership: membership.person.email,
        sort="person__last_name",
        main=True,
    )
    role = ChoiceColumn(gettext_lazy("Role"), choices=ROLES, sort="role")
    last_active_at = DateColumn(gettext_lazy("Last activity"), sort="last_active_at", wide=True)
    search = ("person__first_name", "person__last_name", "person__email")
    filters = (Filter("role", gettext_lazy("Role"), ROLES),)
    default_sort = "person__last_name"


class TeamPeopleTable(_PeopleTable):
    """Who is in a team, and how they came in."""

    by_provider = Column(
        gettext_lazy("Put in by"),
        value=lambda row: _("Single sign-on") if row.by_provider else _("A person"),
        wide=True,
    )
    file_name = "team"


class CandidatesTable(_PeopleTable):
    """Who could come into a team."""

    file_name = "people"


@list_page
@needs(MEMBERS_VIEW)
@shows(teams_of, deleted_teams_of)
def teams(request: ConsoleRequest) -> HttpResponse:
    """All teams (ORG-78), and those that can be brought back."""
    may_manage = request.actor.decide(MEMBERS_MANAGE, request.organization)
    table = TeamTable(request, teams_of(request.actor, request.organization), may_manage=may_manage)
    table.empty = Empty(
        _("No teams yet"),
        _("A team opens to everybody in it what daily work needs. Whoever joins later gets it at once."),
        _("Create a team"),
        _to(request, "new"),
        icon="users-group",
        decision=may_manage,
    )
    deleted = list(deleted_teams_of(request.actor, request.organization)[:BACK]) if may_manage else []
    return table.response("teams/teams.html", {"may_manage": may_manage, "deleted": deleted})


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def new(request: ConsoleRequest) -> HttpResponse:
    """Create a team, with what it opens."""
    accordion = Accordion(request.organization, (), request.POST or None)
    return carry_out(
        request,
        NewTeamForm(accordion.form_data, grants=accordion.grants, initial=accordion.kept()),
        create_team,
        request.organization,
        page="teams/new.html",
        partial="teams/_new_form.html",
        then=lambda team: finished(
            request,
            _("The team %(team)s is ready. Add its people.") % {"team": team},
            to=_to(request, "add", team.pk),
        ),
        context={"accordion": accordion},
    )


@require_GET
@needs(MEMBERS_VIEW)
@shows(team_of, people_in)
def team(request: ConsoleRequest, number: int) -> HttpResponse:
    """One team: its people, and what it opens."""
    found = team_of(request.actor, request.organization, number)
    may_manage = request.actor.decide(MEMBERS_MANAGE, request.organization)
    table = TeamPeopleTable(request, people_in(request.actor, found))
    url = _to(request, "remove", number)
    table.bulk = (Bulk(gettext_lazy("Take out of the team"), url, "user-minus", decision=may_manage),)
    table.empty = Empty(
        _("Nobody is in this team yet"),
        _("Whoever you add may use at once what the team opens."),
        _("Add people"),
        _to(request, "add", number),
        icon="users-group",
        decision=may_manage,
    )
    opened = opened_by(found)
    return table.response("teams/team.html", {"team": found, "opened": opened, "may_manage": may_manage})


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def edit(request: ConsoleRequest, number: int) -> HttpResponse:
    """Rename a team."""
    found = team_of(request.actor, request.organization, number)
    initial = {"name": found.name, "description": found.description}
    return carry_out(
        request,
        TeamForm(request.POST or None, initial=initial),
        edit_team,
        found,
        page="teams/edit.html",
        partial="teams/_edit_form.html",
        then=lambda team: finished(
            request, _("The team %(team)s is saved.") % {"team": team}, to=_to(request, "team", number)
        ),
        context={"team": found, "name": found.name},
    )


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def access(request: ConsoleRequest, number: int) -> HttpResponse:
    """Change what a team opens, with the same boxes as for one person (ORG-68)."""
    found = team_of(request.actor, request.organization, number)
    data = request.POST if request.method == "POST" else None
    accordion = Accordion(request.organization, found.grants.all(), data)
    return carry_out(
        request,
        AccessForm(accordion.form_data, grants=accordion.grants),
        change_team_access,
        found,
        page="teams/access.html",
        partial="organizations/_access_form.html",
        then=lambda team: finished(
            request,
            _("What the team %(team)s opens is saved.") % {"team": team},
            to=_to(request, "team", number),
        ),
        context={"team": found, "accordion": accordion},
    )


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
@shows(losses)
def delete(request: ConsoleRequest, number: int) -> HttpResponse:
    """Delete a team, after a look at who loses what (ORG-79)."""
    found = team_of(request.actor, request.organization, number)
    return carry_out(
        request,
        ui.Form(request.POST if request.method == "POST" else None),
        delete_team,
        found,
        page="teams/delete.html",
        partial="teams/_delete_form.html",
        then=lambda deleted: finished(
            request,
            _("The team %(team)s is deleted. You can bring it back for 30 days.") % {"team": deleted},
            to=_to(request, "list"),
            undo_url=_to(request, "restore", deleted.number),
        ),
        context={"team": found, "losses": cache(lambda: losses(found, limited_in(request.actor, found)))},
    )


@require_POST
@needs(MEMBERS_MANAGE)
def restore(request: ConsoleRequest, number: int) -> HttpResponse:
    """Bring a deleted team back."""
    back = restore_team(request.actor, deleted_team_of(request.actor, request.organization, number))
    return finished(
        request, _("The team %(team)s is back.") % {"team": back}, to=_to(request, "team", back.pk)
    )


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
@shows(people_outside)
def add(request: ConsoleRequest, number: int) -> HttpResponse:
    """Choose who comes into the team, from everybody who is not in it."""
    found = team_of(request.actor, request.organization, number)
    table = CandidatesTable(request, people_outside(request.actor, found))
    if request.method == "POST":
        chosen = _selected(request)
        if not chosen:
            return finished(request, _("Nobody was selected."), to=request.path, kind="note")
        new = add_to_team(request.actor, found, memberships=chosen)
        return finished(request, _joined(new, found), to=_to(request, "team", number))
    table.bulk = (Bulk(gettext_lazy("Add to the team"), request.path, "user-plus"),)
    table.empty = Empty(_("Everybody is in this team"), icon="users-group")
    return table.response("teams/add.html", {"team": found})


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def remove(request: ConsoleRequest, number: int) -> HttpResponse:
    """Take the selected out of the team, after a look at who loses what (ORG-79)."""
    found = team_of(request.actor, request.organization, number)
    ticked = selected_numbers(request.POST or request.GET)
    chosen = list(people_in(request.actor, found).filter(pk__in=ticked).order_by("pk"))
    if not chosen:
        return finished(request, _("Nobody was selected."), to=_to(request, "team", number), kind="note")
    if request.method == "POST" and "sure" in request.POST:
        gone = remove_from_team(request.actor, found, memberships=chosen)
        text = ngettext(
            "%(number)s person is no longer in the team %(team)s.",
            "%(number)s people are no longer in the team %(team)s.",
            len(gone),
        )
        return finished(request, text % {"number": len(gone), "team": found}, to=_to(request, "team", number))
    context = {"team": found, "chosen": chosen, "losses": losses(found, chosen)}
    return render(request, "teams/remove.html", context)


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def choose(request: ConsoleRequest) -> HttpResponse:
    """Add those who were selected in the list of people to one team."""
    chosen = _selected(request)
    people = reverse("organizations:people", args=[request.organization.slug])
    if not chosen:
        return finished(request, _("Nobody was selected."), to=people, kind="note")
    present = teams_of(request.actor, request.organization).order_by("name_key")
    form = TeamChoiceForm(request.POST if "team" in request.POST else None, teams=present)
    if form.is_bound and form.is_valid():
        wanted = form.cleaned_data["team"]
        new = add_to_team(request.actor, wanted, memberships=chosen)
        return finished(request, _joined(new, wanted), to=people)
    context = {"form": form, "chosen": chosen, "has_teams": present.exists()}
    return render(request, "teams/choose.html", context, status=422 if form.is_bound else 200)


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def of_member(request: ConsoleRequest, number: int) -> HttpResponse:
    """Change the teams of one member."""
    membership = member_of(request.actor, request.organization, number)
    present = teams_of(request.actor, request.organization).order_by("name_key")
    form = TeamsForm(
        request.POST if request.method == "POST" else None,
        teams=present,
        initial={"teams": list(membership.teams.values_list("pk", flat=True))},
    )
    return carry_out(
        request,
        form,
        change_teams,
        membership,
        page="teams/of_member.html",
        partial="teams/_of_member_form.html",
        then=lambda changed: finished(
            request,
            _("The teams of %(person)s are saved.") % {"person": changed.person},
            to=reverse("organizations:people", args=[request.organization.slug]),
        ),
        context={"membership": membership, "has_teams": present.exists()},
    )


def _selected(request: ConsoleRequest) -> list[Membership]:
    chosen = selected_numbers(request.POST or request.GET)
    return list(members_of(request.actor, request.organization).filter(pk__in=chosen).order_by("pk"))


def _joined(new: Sequence[Membership], team: Team) -> str:
    text = ngettext(
        "%(number)s person is in the team %(team)s now.",
        "%(number)s people are in the team %(team)s now.",
        len(new),
    )
    values: dict[str, Any] = {"number": len(new), "team": team}
    return text % values if new else _("They were all in the team %(team)s already.") % values
