"""Was this mail from us, and what to do when something is wrong."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from kanton.accounts.profile.queries import mails_to
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.outbox.models import Mail, MailState
from kanton.core.parity import shows
from kanton.ui.tables import ChoiceColumn, Column, DateColumn, Empty, Table


class MailTable(Table[Mail]):
    """The mails we wrote, to be compared with what arrived."""

    subject = Column(gettext_lazy("Subject"), main=True, below=lambda mail: mail.message_id)
    to = Column(gettext_lazy("To"), wide=True)
    created_at = DateColumn(gettext_lazy("Written"), sort="created_at")
    state = ChoiceColumn(gettext_lazy("State"), choices=MailState.choices, wide=True)
    search = ("subject", "message_id")
    default_sort = "-created_at"
    empty = Empty(
        gettext_lazy("No mail of ours yet"),
        gettext_lazy("As soon as we write to you, the mail stands here."),
        icon="mail",
    )


@signed_in
@require_GET
@shows(mails_to)
def mails(request: AccountRequest) -> HttpResponse:
    """Whether a reminder or a security mail was really issued (ACC-129)."""
    request.nav = "account-activity"  # type: ignore[attr-defined]
    return MailTable(request, mails_to(request.actor)).response("profile/mails.html")


@signed_in
@require_GET
def guide(request: AccountRequest) -> HttpResponse:
    """The steps for somebody who found foreign actions (ACC-111), or whose second step somebody else met (ACC-89)."""
    request.nav = "account-activity"  # type: ignore[attr-defined]
    was_tried = request.GET.get("after") == "sign-in"
    return render(request, "profile/guide.html", {"was_tried": was_tried})
