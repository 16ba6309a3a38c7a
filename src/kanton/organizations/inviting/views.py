"""The pages for inviting many: the list, its check, and how far the mails are."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from kanton.core.parity import shows
from kanton.core.rights import Role
from kanton.organizations.inviting.actions import invite_many
from kanton.organizations.inviting.forms import ManyForm
from kanton.organizations.inviting.lines import read, written
from kanton.organizations.inviting.queries import batch_of, check, counted
from kanton.organizations.resolver import held_by
from kanton.organizations.rights import MEMBERS_MANAGE, MEMBERS_VIEW
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.hx import finished


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
@shows(check)
def several(request: ConsoleRequest) -> HttpResponse:
    """Paste or choose a list; look at its check; invite everybody in it, or nobody."""
    is_sent = request.method == "POST" and "edit" not in request.POST
    form = ManyForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        is_owner=held_by(request.actor, request.organization.pk).role == Role.OWNER,
        initial={
            "role": request.POST.get("role", Role.COLLABORATOR),
            "table": request.POST.get("table", ""),
        },
    )
    if is_sent and form.is_valid():
        with form.catching():
            return _checked(request, **form.cleaned_data)
    return render(request, "inviting/several.html", {"form": form}, status=422 if is_sent else 200)


def _checked(request: ConsoleRequest, *, table: str, role: Role) -> HttpResponse:
    found = read(table)
    checked = check(request.actor, request.organization, found.lines, role=role)
    if "leave_out" in request.POST and (good := [one.line for one in checked if not one.problem]):
        table = written(good)
        found = read(table)
        checked = check(request.actor, request.organization, found.lines, role=role)
    wrong = [one for one in checked if one.problem]
    if "confirmed" in request.POST and not wrong:
        batch = invite_many(request.actor, request.organization, lines=found.lines, role=role)
        text = ngettext("%(number)s person is invited.", "%(number)s people are invited.", batch.total)
        to = reverse("inviting:batch", args=[request.organization.slug, batch.pk])
        return finished(request, text % {"number": batch.total}, to=to)
    context: dict[str, Any] = {
        "table": table,
        "role": role,
        "checked": checked,
        "wrong": wrong,
        "good": [one for one in checked if not one.problem],
        "roles": [(each.label, number) for each, number in counted(checked)],
        "unused": ", ".join(found.unused),
    }
    return render(request, "inviting/check.html", context, status=422 if wrong else 200)


@require_GET
@needs(MEMBERS_VIEW)
@shows(batch_of)
def batch(request: ConsoleRequest, number: int) -> HttpResponse:
    """How many mails of a list are written; the page follows by itself."""
    found = batch_of(request.actor, request.organization, number)
    text = _("%(sent)s of %(total)s") % {"sent": found.sent, "total": found.total}
    template = "inviting/_batch.html" if request.GET.get("part") == "state" else "inviting/batch.html"
    return render(request, template, {"batch": found, "text": text})
