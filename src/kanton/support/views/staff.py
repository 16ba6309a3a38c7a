"""The staff's pages about proofs of identity."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from kanton.accounts.web import AccountRequest, staff_page
from kanton.core.parity import shows
from kanton.support import documents
from kanton.support.actions.identity import decide_identity_check
from kanton.support.forms import DecisionForm
from kanton.support.models import CheckState, IdentityCheck
from kanton.support.queries import identity_check, identity_checks
from kanton.support.reasons import label_of, reason_called
from kanton.ui.hx import finished
from kanton.ui.tables import ChoiceColumn, Column, DateColumn, Empty, Filter, Table

KINDS = {
    CheckState.WAITING: "note",
    CheckState.SUBMITTED: "waiting",
    CheckState.AGREED: "waiting",
    CheckState.ACCEPTED: "done",
    CheckState.REFUSED: "failed",
    CheckState.ENDED: "note",
}


class CheckTable(Table[IdentityCheck]):
    """Cases, the newest first."""

    number = Column(
        gettext_lazy("Case"),
        value=str,
        link=lambda case: reverse("support:check", args=[case.pk]),
        below=lambda case: label_of(case.reason),
    )
    person = Column(gettext_lazy("Person"), value=lambda case: str(case.person or ""), wide=True)
    state = ChoiceColumn(gettext_lazy("State"), choices=CheckState.choices, kinds=KINDS)
    submitted_at = DateColumn(gettext_lazy("Handed in"), sort="submitted_at")
    created_at = DateColumn(gettext_lazy("Opened"), sort="created_at", wide=True)
    filters = (Filter("state", gettext_lazy("State"), CheckState.choices),)
    empty = Empty(
        gettext_lazy("No proofs of identity yet"),
        gettext_lazy(
            "When somebody lost the way into an account, or an order is blocked, the case appears here."
        ),
        icon="id-badge-2",
    )


@require_GET
@staff_page
@shows(identity_checks)
def checks(request: AccountRequest) -> HttpResponse:
    """All cases."""
    return CheckTable(request, identity_checks(request.actor)).response("support/checks.html")


@never_cache
@staff_page
@require_http_methods(["GET", "POST"])
@shows(identity_check)
def check(request: AccountRequest, number: int) -> HttpResponse:
    """One case with its photographs, and the decision."""
    case = identity_check(request.actor, number)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.catching():
            decide_identity_check(request.actor, case, **form.cleaned_data)
            return finished(request, _("%(case)s is decided.") % {"case": case}, to=reverse("support:checks"))
    can_decide = case.state == CheckState.SUBMITTED
    context = {
        "case": case,
        "reason": label_of(case.reason),
        "effect": reason_called(case.reason).effect,
        "photos": documents.kept(case) if can_decide else [],
        "form": form if can_decide else None,
    }
    return render(request, "support/check.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_GET
@staff_page
@shows(identity_check)
def photo(request: AccountRequest, number: int, kind: str) -> HttpResponse:
    """One photograph, while the case waits for its decision."""
    case = identity_check(request.actor, number)
    content = documents.read(case, kind) if case.state == CheckState.SUBMITTED else None
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type="image/webp")
    response.headers["Content-Disposition"] = "inline"
    return response
