"""People of an organization: list, invite, roles, access, and why somebody may do something."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from kanton.accounts.access.locking import is_locked
from kanton.accounts.identifiers import shown_login
from kanton.accounts.profile.pictures import address_of
from kanton.core.errors import TooMany
from kanton.core.parity import shows
from kanton.core.rights import ADMINISTRATORS, Role
from kanton.organizations.accordion import Accordion
from kanton.organizations.actions import (
    change_invitation,
    change_role,
    invite_member,
    resend_invitation,
    revoke_invitation,
    unlock_member,
)
from kanton.organizations.errors import OwnersOnly
from kanton.organizations.forms import InviteForm, OfferForm, RoleForm
from kanton.organizations.models import Grant, Invitation, Membership, Organization, TeamMember
from kanton.organizations.queries import (
    invitation_of,
    member_of,
    members_of,
    pending_invitations,
)
from kanton.organizations.resolver import for_owners_only, held_by
from kanton.organizations.rights import MEMBERS_MANAGE, MEMBERS_VIEW
from kanton.organizations.web import ConsoleRequest, needs, selected_numbers
from kanton.ui import components
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished
from kanton.ui.pages import list_page
from kanton.ui.tables import Bulk, ChoiceColumn, Column, DateColumn, Filter, RowAction, Table

ROLES = [(role.value, role.label) for role in Role]


def _second_factor(membership: Membership) -> SafeString:
    if membership.has_second_factor:  # type: ignore[attr-defined]
        return components.badge(_("on"), "done")
    return components.badge(_("off"), "failed")


def portrait(membership: Membership) -> SafeString:
    """The name, with the picture or the initials before it (ACC-13)."""
    key = membership.person.picture_key
    name = membership.person.display_name
    badge = components.avatar(name, address_of(key) if key else "", "is-small")
    shown = format_html('{} <span class="row-name">{}</span>', badge, name)
    if membership.suspended_at is None:
        return shown
    return format_html("{} {}", shown, components.badge(_("suspended"), "waiting"))


def _in_states(rows: Any, values: list[str]) -> Any:
    return rows if len(values) > 1 else rows.filter(suspended_at__isnull="active" in values)


class PeopleTable(Table[Membership]):
    """Name, login, role, teams, second factor, last activity (ORG-40, ORG-59)."""

    name = Column(
        gettext_lazy("Name"),
        value="person.display_name",
        html=portrait,
        below=lambda membership: shown_login(membership.person),
        sort="person__last_name",
        main=True,
    )
    role = ChoiceColumn(gettext_lazy("Role"), choices=ROLES, sort="role")
    teams = Column(
        gettext_lazy("Teams"),
        value=lambda membership: ", ".join(sorted(team.name for team in membership.teams.all())),
        wide=True,
    )
    second_factor = Column(
        gettext_lazy("Second factor"),
        value="has_second_factor",
        html=_second_factor,
        sort="has_second_factor",
    )
    last_active_at = DateColumn(gettext_lazy("Last activity"), sort="last_active_at", wide=True)
    joined_at = DateColumn(gettext_lazy("Member since"), relative=False, sort="joined_at", wide=True)
    search = ("person__first_name", "person__last_name", "person__email")
    filters: Sequence[Filter] = (
        Filter("role", gettext_lazy("Role"), ROLES),
        Filter(
            "second_factor",
            gettext_lazy("Second factor"),
            [("on", gettext_lazy("on")), ("off", gettext_lazy("off"))],
            apply=lambda rows, values: rows.filter(has_second_factor__in=[value == "on" for value in values]),
        ),
        Filter(
            "state",
            gettext_lazy("State"),
            [("active", gettext_lazy("active")), ("suspended", gettext_lazy("suspended"))],
            apply=_in_states,
        ),
    )
    bulk = (
        Bulk(gettext_lazy("Add to a team"), "teams:choose", icon="users-group"),
        Bulk(gettext_lazy("Send a security alert"), "alerts:send_many", icon="bell"),
    )
    default_sort = "person__last_name"
    file_name = "people"

    def row_actions(self, row: Membership) -> Sequence[RowAction]:
        """What may be done to this member; only an owner may touch an owner (ORG-54)."""
        slug, may_manage = self.context["slug"], self.context["may_manage"]
        may_touch = self.context["may_touch_owners"] if row.role == Role.OWNER else may_manage

        def to(name: str) -> str:
            return reverse(f"organizations:{name}", args=[slug, row.pk])

        limited = row.role not in ADMINISTRATORS
        return tuple(
            action
            for action in (
                RowAction(_("Change role"), to("change_role"), "user-cog", decision=may_touch),
                RowAction(_("Change product access"), to("change_access"), "key", decision=may_manage)
                if limited
                else None,
                RowAction(
                    _("Change teams"),
                    reverse("teams:of_member", args=[slug, row.pk]),
                    "users-group",
                    decision=may_manage,
                ),
                RowAction(
                    _("Administrative mails"),
                    reverse("correspondents:of_member", args=[slug, row.pk]),
                    "mail",
                    decision=may_touch,
                ),
                RowAction(_("What this person may do"), to("explain"), "help-circle"),
                RowAction(
                    _("Unlock the account"), to("unlock_member"), "lock-open", post=True, decision=may_manage
                )
                if row.role != Role.EXTERNAL and is_locked(row.person)
                else None,
                RowAction(
                    _("Send a security alert"),
                    reverse("alerts:send", args=[slug, row.pk]),
                    "bell",
                    decision=may_manage,
                ),
                RowAction(
                    _("Suspend"),
                    reverse("suspension:suspend", args=[slug, row.pk]),
                    "user-pause",
                    decision=may_touch,
                )
                if row.suspended_at is None
                else RowAction(
                    _("Let in again"),
                    reverse("suspension:resume", args=[slug, row.pk]),
                    "user-check",
                    post=True,
                    decision=may_touch,
                ),
                RowAction(
                    _("Remove from the organization"),
                    reverse("departure:begin", args=[slug, row.pk]),
                    "user-minus",
                    danger=True,
                    decision=may_touch,
                ),
            )
            if action is not None
        )


class InvitationTable(Table[Invitation]):
    """Invitations that wait."""

    email = Column(gettext_lazy("Invited"), main=True, below=lambda row: row.name)
    role = ChoiceColumn(gettext_lazy("Role"), choices=ROLES)
    by = Column(gettext_lazy("By"), value="invited_by.display_name", wide=True)
    sent_at = DateColumn(gettext_lazy("Sent"))
    state = Column(
        gettext_lazy("State"),
        value=lambda row: _("waits for an answer") if row.is_open else _("expired"),
        html=lambda row: components.badge(
            _("waits for an answer") if row.is_open else _("expired"), "waiting" if row.is_open else "note"
        ),
    )
    bulk = (
        Bulk(gettext_lazy("Send again"), "organizations:resend_invitations", icon="send"),
        Bulk(gettext_lazy("Revoke"), "organizations:revoke_invitations", icon="trash", danger=True),
    )
    default_sort = "-pk"
    prefix = "invitations-"
    file_name = "invitations"

    def row_actions(self, row: Invitation) -> Sequence[RowAction]:
        """Change, send again or revoke; only an owner may touch what is offered to an owner."""
        may_manage = self.context["may_manage"]
        may_change = self.context["may_touch_owners"] if row.role == Role.OWNER else may_manage
        change = reverse("organizations:change_invitation", args=[self.context["slug"], row.pk])
        again = reverse("organizations:resend_invitation", args=[self.context["slug"], row.pk])
        revoke = reverse("organizations:revoke_invitation", args=[self.context["slug"], row.pk])
        return (
            RowAction(_("Change the invitation"), change, "pencil", decision=may_change),
            RowAction(_("Send again"), again, "send", post=True, decision=may_manage),
            RowAction(_("Revoke"), revoke, "trash", post=True, danger=True, decision=may_manage),
        )


def team_choices(organization: Organization) -> list[tuple[int, str]]:
    """The teams to choose from, by name."""
    return list(organization.teams.order_by("name_key").values_list("pk", "name"))


def in_teams(rows: Any, numbers: Sequence[str]) -> Any:
    """The members who are in one of these teams."""
    inside = TeamMember.objects.filter(team__in=[int(number) for number in numbers])
    return rows.filter(Exists(inside.filter(membership=OuterRef("pk"))))


@list_page
@needs(MEMBERS_VIEW)
@shows(members_of, pending_invitations)
def people(request: ConsoleRequest) -> HttpResponse:
    """Everybody who belongs to the organization, and who is invited."""
    about = {
        "slug": request.organization.slug,
        "may_manage": request.actor.decide(MEMBERS_MANAGE, request.organization),
        "may_touch_owners": for_owners_only(
            request.actor, MEMBERS_MANAGE, request.organization.pk, OwnersOnly().sentence
        ),
    }
    members = members_of(request.actor, request.organization).prefetch_related("teams")
    table = PeopleTable(request, members, **about)
    if teams := team_choices(request.organization):
        table.filters = (*PeopleTable.filters, Filter("team", gettext_lazy("Team"), teams, apply=in_teams))
    invitations = InvitationTable(request, pending_invitations(request.actor, request.organization), **about)
    if request.headers.get("HX-Target") == invitations.id or invitations.wants_csv:
        return invitations.response("organizations/people.html")
    return table.response(
        "organizations/people.html", {"invitations": invitations, "may_manage": about["may_manage"]}
    )


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def invite(request: ConsoleRequest) -> HttpResponse:
    """Invite somebody, with role and product access (ORG-43, ORG-44)."""
    accordion = Accordion(request.organization, (), request.POST or None)
    form = InviteForm(
        accordion.form_data,
        grants=accordion.grants,
        is_owner=_is_owner(request),
        teams=request.organization.teams.order_by("name_key"),
        initial={
            "role": Role.COLLABORATOR,
            "language": request.organization.language,
            "email": request.GET.get("email", ""),
        }
        | accordion.kept("team"),
    )
    return carry_out(
        request,
        form,
        invite_member,
        request.organization,
        page="organizations/invite.html",
        partial="organizations/_invite_form.html",
        then=lambda invitation: finished(
            request,
            _("The invitation to %(email)s is on its way.") % {"email": invitation.email},
            to=_people_url(request),
        ),
        context={"accordion": accordion},
    )


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def change(request: ConsoleRequest, number: int) -> HttpResponse:
    """Change what an invitation that waits will give (ORG-44)."""
    invitation = invitation_of(request.actor, request.organization, number)
    accordion = Accordion(
        request.organization,
        [Grant(**grant) for grant in invitation.grants],
        request.POST if request.method == "POST" else None,
    )
    form = OfferForm(
        accordion.form_data,
        grants=accordion.grants,
        is_owner=_is_owner(request),
        teams=request.organization.teams.order_by("name_key"),
        initial={
            "role": invitation.role,
            "team": invitation.teams,
            "language": invitation.mail_language,
        }
        | accordion.kept("team"),
    )
    return carry_out(
        request,
        form,
        change_invitation,
        invitation,
        page="organizations/change_invitation.html",
        partial="organizations/_invitation_form.html",
        then=lambda changed: finished(
            request,
            _("The invitation of %(email)s is changed.") % {"email": changed.email},
            to=_people_url(request),
        ),
        context={"accordion": accordion, "invitation": invitation},
    )


@require_POST
def resend(request: ConsoleRequest, number: int) -> HttpResponse:
    """Send an invitation again; its old link dies."""
    invitation = resend_invitation(request.actor, invitation_of(request.actor, request.organization, number))
    text = _("A new link went to %(email)s. The old one no longer works.") % {"email": invitation.email}
    return finished(request, text, to=_people_url(request))


@require_POST
def revoke(request: ConsoleRequest, number: int) -> HttpResponse:
    """Revoke an invitation."""
    invitation = invitation_of(request.actor, request.organization, number)
    revoke_invitation(request.actor, invitation)
    text = _("The invitation of %(email)s is revoked.") % {"email": invitation.email}
    return finished(request, text, to=_people_url(request))


@require_POST
@needs(MEMBERS_MANAGE)
def resend_many(request: ConsoleRequest) -> HttpResponse:
    """Send the selected invitations again; an address that got five today is passed over."""
    sent = 0
    for invitation in _selected_invitations(request):
        with suppress(TooMany):
            resend_invitation(request.actor, invitation)
            sent += 1
    text = ngettext("%(count)s invitation is sent again.", "%(count)s invitations are sent again.", sent)
    return finished(request, text % {"count": sent}, to=_people_url(request), kind="done" if sent else "note")


@require_POST
@needs(MEMBERS_MANAGE)
def revoke_many(request: ConsoleRequest) -> HttpResponse:
    """Revoke the selected invitations."""
    found = _selected_invitations(request)
    for invitation in found:
        revoke_invitation(request.actor, invitation)
    text = ngettext("%(count)s invitation is revoked.", "%(count)s invitations are revoked.", len(found))
    return finished(request, text % {"count": len(found)}, to=_people_url(request))


def _selected_invitations(request: ConsoleRequest) -> list[Invitation]:
    chosen = selected_numbers(request.POST)
    return list(pending_invitations(request.actor, request.organization).filter(pk__in=chosen))


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
def role(request: ConsoleRequest, number: int) -> HttpResponse:
    """Change a member's role (ORG-55); for a limited role the way leads on to product access (ORG-58)."""
    membership = member_of(request.actor, request.organization, number)

    def then(changed: Membership) -> HttpResponse:
        text = _("%(person)s is now %(role)s.") % {"person": changed.person, "role": Role(changed.role).label}
        to = _people_url(request)
        if changed.role not in ADMINISTRATORS:
            to = reverse("organizations:change_access", args=[request.organization.slug, changed.pk])
        return finished(request, text, to=to)

    return carry_out(
        request,
        RoleForm(request.POST or None, is_owner=_is_owner(request), initial={"role": membership.role}),
        change_role,
        membership,
        page="organizations/change_role.html",
        partial="organizations/_role_form.html",
        then=then,
        context={"membership": membership},
    )


@require_POST
@needs(MEMBERS_MANAGE)
def unlock(request: ConsoleRequest, number: int) -> HttpResponse:
    """Let an internal member in again whose account locked after wrong passwords (ACC-104)."""
    membership = member_of(request.actor, request.organization, number)
    unlock_member(request.actor, membership)
    text = _("The account of %(person)s is unlocked.") % {"person": membership.person}
    return finished(request, text, to=_people_url(request))


def _is_owner(request: ConsoleRequest) -> bool:
    return bool(held_by(request.actor, request.organization.pk).role == Role.OWNER)


def _people_url(request: ConsoleRequest) -> str:
    return reverse("organizations:people", args=[request.organization.slug])
