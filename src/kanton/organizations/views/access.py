"""Who may do what: change somebody's access, and the questions "what can they", "who can" and "why"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from kanton.accounts.identifiers import shown_login
from kanton.core.errors import DomainError
from kanton.core.parity import shows
from kanton.core.rights import ADMINISTRATORS, RIGHTS, SPECIAL, Right, Role
from kanton.organizations import grantable
from kanton.organizations.accordion import Accordion
from kanton.organizations.actions import change_access
from kanton.organizations.answers import Told, what_they_can, what_would_change, who_can, why
from kanton.organizations.forms import AccessForm
from kanton.organizations.grantable import Place, Thing
from kanton.organizations.models import Membership
from kanton.organizations.queries import member_of
from kanton.organizations.rights import MEMBERS_MANAGE, MEMBERS_VIEW
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.forms import carry_out, wants_preview
from kanton.ui.hx import finished, hx_render
from kanton.ui.tables import ChoiceColumn, Column, Table

ACCESS = ("organizations/change_access.html", "organizations/_access_form.html")
MATCHES = 20


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
@shows(what_would_change)
def change(request: ConsoleRequest, number: int) -> HttpResponse:
    """Change what a collaborator or external user may use (ORG-68…73), told before it is saved."""
    membership = member_of(request.actor, request.organization, number)
    data = request.POST if request.method == "POST" else None
    accordion = Accordion(request.organization, membership.grants.all(), data)
    context = {
        "membership": membership,
        "accordion": accordion,
        "has_everything": membership.role in ADMINISTRATORS,
        "teams": [
            place.team for place in membership.team_members.select_related("team").order_by("team__name")
        ],
    }
    return carry_out(
        request,
        AccessForm(accordion.form_data, grants=accordion.grants),
        change_access,
        membership,
        page=ACCESS[0],
        partial=ACCESS[1],
        then=lambda changed: finished(
            request,
            _("The access of %(person)s is saved.") % {"person": changed.person},
            to=reverse("organizations:people", args=[request.organization.slug]),
        ),
        context=context,
        notes=[str(told) for told in _told(membership, accordion)] if wants_preview(request) else (),
    )


def _told(membership: Membership, accordion: Accordion) -> list[Told]:
    try:
        return what_would_change(membership, accordion.grants())
    except DomainError:  # the form says it
        return []


@require_GET
@needs(MEMBERS_VIEW)
@shows(what_they_can)
def what(request: ConsoleRequest, number: int) -> HttpResponse:
    """What a member may do here, and why: every right with where it comes from (ORG-74)."""
    membership = member_of(request.actor, request.organization, number)
    search = request.GET.get("q", "").strip()
    context = {
        "membership": membership,
        "kinds": what_they_can(membership, search=search),
        "search": search,
        "is_limited": membership.role not in ADMINISTRATORS,
        "may_change": request.actor.decide(MEMBERS_MANAGE, request.organization),
    }
    return hx_render(request, "organizations/explain.html", "organizations/_explain.html", context)


class WhoTable(Table[Membership]):
    """Everybody who has a right at a place, and why."""

    name = Column(
        gettext_lazy("Name"),
        value="person.display_name",
        below=lambda membership: shown_login(membership.person),
        link=lambda row: reverse("organizations:explain", args=[row.organization.slug, row.pk]),
        sort="person__last_name",
        main=True,
    )
    role = ChoiceColumn(
        gettext_lazy("Role"), choices=[(role.value, role.label) for role in Role], sort="role"
    )
    search = ("person__first_name", "person__last_name", "person__email")
    default_sort = "person__last_name"
    file_name = "who"


@dataclass(frozen=True, slots=True)
class Question:
    """Which right, and where."""

    right: Right
    place: Place
    thing: Thing | None


@require_GET
@needs(MEMBERS_VIEW)
@shows(who_can, why)
def who(request: ConsoleRequest) -> HttpResponse:
    """Who can do this here? Choose a right and a thing; the answer is a list of people, each with the reason."""
    organization = request.organization
    kinds = grantable.kinds_of(organization)
    question = _question(request)
    search = request.GET.get("thing", "").strip()
    found: list[Thing] = []
    if question is not None and question.right.product and search:
        found = [
            thing
            for thing in grantable.things_of(
                organization, question.right.product, search=search, limit=MATCHES
            ).things
            if question.right in thing.rights
        ]
    groups: list[tuple[Any, list[Right]]] = [
        (
            _("Organization"),
            [each for each in RIGHTS.values() if each.code not in SPECIAL and not each.product],
        )
    ]
    groups += [(kind.label, list(kind.things[0].rights)) for kind in kinds if kind.code]
    context = {"groups": groups, "question": question, "search": search, "found": found}
    if question is None:
        return hx_render(request, "organizations/who.html", "organizations/who.html", context)
    asked = question
    remembered: dict[str, Any] = {}

    def reasons(membership: Membership) -> SafeString:
        decision = why(membership, asked.right, asked.place, remembered=remembered)
        sentences = decision.because if decision.allowed else (decision.forbidden_by,)
        return format_html_join(" ", "<span>{}</span>", ((str(each),) for each in sentences))

    class Answered(WhoTable):
        because = Column(gettext_lazy("Why"), value=reasons, html=reasons)

    table = Answered(request, who_can(request.actor, organization, asked.right, asked.place))
    return table.response("organizations/who.html", context)


def _question(request: ConsoleRequest) -> Question | None:
    """What the address asks; None as long as no right is chosen. What is not there is asked for everywhere."""
    right = RIGHTS.get(request.GET.get("right", ""))
    if right is None or right.code in SPECIAL:
        return None
    service, resource = request.GET.get("service", ""), request.GET.get("part", "")
    if not (right.product and service.isdecimal() and len(service) < 19):
        return Question(right, (right.product, None, ""), None)
    place = (right.product, int(service), resource)
    thing = grantable.things_at(request.organization, [place]).get(place)
    if thing is None:
        return Question(right, (right.product, None, ""), None)
    return Question(right, place, thing)
