"""The staff's pages."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.browsers import browser_of
from kanton.accounts.web import AccountRequest
from kanton.activity.models import Activity
from kanton.activity.tables import with_dates
from kanton.backoffice import queries
from kanton.backoffice.actions import (
    cancel_jobs,
    end_session_of,
    end_sessions_of,
    retry_jobs,
    send_mail_again,
    try_wish_again,
)
from kanton.backoffice.forms import ReasonForm
from kanton.backoffice.tables import (
    EverythingTable,
    JobTable,
    MailTable,
    OrganizationTable,
    PersonSessionTable,
    PersonTable,
    SmsTable,
    StuckTable,
)
from kanton.backoffice.web import staff_page
from kanton.core.jobs.models import Job
from kanton.core.outbox.models import MailState
from kanton.core.parity import shows
from kanton.products.contract import all_products
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished

# The text of a mail is shown in a frame that can do nothing: no scripts, no forms, nothing loaded.
PREVIEW_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
LATELY = 10


@require_GET
@staff_page
@shows(queries.health)
def overview(request: AccountRequest) -> HttpResponse:
    """How the machinery is."""
    return render(request, "backoffice/overview.html", {"health": queries.health(request.actor)})


@require_GET
@staff_page
@shows(queries.jobs)
def jobs(request: AccountRequest) -> HttpResponse:
    """All jobs."""
    return JobTable(request, queries.jobs(request.actor)).response("backoffice/jobs.html")


@require_GET
@staff_page
@shows(queries.job)
def job(request: AccountRequest, number: int) -> HttpResponse:
    """One job, with the traceback of its last failure."""
    found = queries.job(request.actor, number)
    number_of_owner = found.organization_id or 0
    owned_by = queries.organizations_by_number({number_of_owner}).get(number_of_owner)
    return render(
        request,
        "backoffice/job.html",
        {
            "job": found,
            "owner": owned_by,
            "owner_link": format_html(
                '<a href="{}">{}</a>', reverse("backoffice:organization", args=[owned_by.slug]), owned_by
            )
            if owned_by
            else "",
            "arguments": _written(found),
            "can_retry": found.state not in ("running", "done"),
            "can_cancel": found.state == "waiting",
        },
    )


def _written(job: Job) -> str:
    given = [*map(repr, job.args), *(f"{name}={value!r}" for name, value in job.kwargs.items())]
    return ", ".join(given)


@require_POST
@staff_page
def retry_chosen_jobs(request: AccountRequest) -> HttpResponse:
    """Start the chosen jobs again."""
    done = retry_jobs(request.actor, queries.jobs_with(request.actor, _selected(request)))
    text = ngettext("%(n)s job starts again.", "%(n)s jobs start again.", len(done)) % {"n": len(done)}
    return finished(request, text, to=_back(request, "backoffice:jobs"))


@require_POST
@staff_page
def cancel_chosen_jobs(request: AccountRequest) -> HttpResponse:
    """Cancel the chosen jobs."""
    done = cancel_jobs(request.actor, queries.jobs_with(request.actor, _selected(request)))
    text = ngettext("%(n)s job is cancelled.", "%(n)s jobs are cancelled.", len(done)) % {"n": len(done)}
    return finished(request, text, to=_back(request, "backoffice:jobs"))


def _selected(request: AccountRequest) -> list[int]:
    numbers = request.POST.getlist("selected")
    return [int(number) for number in numbers if number.isdecimal() and len(number) < 19]


def _back(request: AccountRequest, name: str) -> str:
    number = request.POST.get("job", "")
    return reverse("backoffice:job", args=[int(number)]) if number.isdecimal() else reverse(name)


@require_GET
@staff_page
@shows(queries.mails)
def mails(request: AccountRequest) -> HttpResponse:
    """All mails that Kanton wrote."""
    return MailTable(request, queries.mails(request.actor)).response("backoffice/mails.html")


@require_GET
@staff_page
@shows(queries.mail)
def mail(request: AccountRequest, number: int) -> HttpResponse:
    """One mail and, when it holds no secret, how it looks."""
    found = queries.mail(request.actor, number)
    return render(
        request,
        "backoffice/mail.html",
        {
            "mail": found,
            "is_readable": queries.is_readable(found),
            "files": found.attachments.defer("content").order_by("pk"),
            "can_send_again": not found.is_erased and found.state != MailState.WAITING,
        },
    )


@require_GET
@xframe_options_sameorigin
@staff_page
@shows(queries.mail)
def mail_preview(request: AccountRequest, number: int) -> HttpResponse:
    """The HTML of a mail, for the frame of its page."""
    found = queries.mail(request.actor, number)
    response = HttpResponse(found.html if queries.is_readable(found) else "")
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY
    return response


@require_POST
@staff_page
def send_again(request: AccountRequest, number: int) -> HttpResponse:
    """Send a mail once more."""
    found = send_mail_again(request.actor, queries.mail(request.actor, number))
    text = _("The mail to %(to)s is on its way again.") % {"to": found.to}
    return finished(request, text, to=reverse("backoffice:mail", args=[found.pk]))


@require_GET
@staff_page
@shows(queries.short_messages)
def short_messages(request: AccountRequest) -> HttpResponse:
    """All text messages."""
    return SmsTable(request, queries.short_messages(request.actor)).response("backoffice/short_messages.html")


@require_GET
@staff_page
@shows(queries.organizations)
def organizations(request: AccountRequest) -> HttpResponse:
    """All customers."""
    table = OrganizationTable(request, queries.organizations(request.actor))
    return table.response("backoffice/organizations.html")


@require_GET
@staff_page
@shows(queries.organization, queries.members, queries.services)
def organization(request: AccountRequest, slug: str) -> HttpResponse:
    """One customer: who belongs to it, what it owns, what happened lately."""
    found = queries.organization(request.actor, slug)
    names = {product.code: product.name for product in all_products()}
    services = queries.services(request.actor, found)
    lately = queries.everything_that_happened(request.actor).filter(organization_id=found.pk)
    return render(
        request,
        "backoffice/organization.html",
        {
            "shown": found,
            "members": queries.members(request.actor, found),
            "services": [(names.get(each.product, each.product), each) for each in services],
            "lately": lately[:LATELY],
        },
    )


@require_GET
@staff_page
@shows(queries.people)
def people(request: AccountRequest) -> HttpResponse:
    """All people."""
    return PersonTable(request, queries.people(request.actor)).response("backoffice/people.html")


@require_GET
@staff_page
@shows(queries.person, queries.memberships, queries.sessions)
def person(request: AccountRequest, number: int) -> HttpResponse:
    """One person: the organizations and roles, the sessions, and what happened lately."""
    found = queries.person(request.actor, number)
    lately: list[Activity] = list(
        queries.everything_that_happened(request.actor).filter(person_id=found.pk)[:LATELY]
    )
    table = PersonSessionTable(request, queries.sessions(request.actor, found), number=found.pk)
    return table.response(
        "backoffice/person.html",
        {"shown": found, "memberships": queries.memberships(request.actor, found), "lately": lately},
    )


@require_http_methods(["GET", "POST"])
@staff_page
@shows(queries.session)
def end_session(request: AccountRequest, number: int, session: int) -> HttpResponse:
    """Sign one browser of somebody out, with a reason."""
    found = queries.person(request.actor, number)
    chosen = queries.session(request.actor, found, session)
    return carry_out(
        request,
        ReasonForm(request.POST if request.method == "POST" else None),
        end_session_of,
        chosen,
        page="backoffice/end_sessions.html",
        partial="backoffice/_end_sessions_form.html",
        then=lambda _none: finished(
            request, _("The session is ended."), to=reverse("backoffice:person", args=[number])
        ),
        context={"shown": found, "browser": browser_of(chosen.user_agent)},
    )


@require_http_methods(["GET", "POST"])
@staff_page
def end_sessions(request: AccountRequest, number: int) -> HttpResponse:
    """Sign somebody out everywhere, with a reason."""
    found = queries.person(request.actor, number)
    return carry_out(
        request,
        ReasonForm(request.POST if request.method == "POST" else None),
        end_sessions_of,
        found,
        page="backoffice/end_sessions.html",
        partial="backoffice/_end_sessions_form.html",
        then=lambda count: finished(
            request,
            ngettext("%(n)s session is ended.", "%(n)s sessions are ended.", count) % {"n": count},
            to=reverse("backoffice:person", args=[number]),
        ),
        context={"shown": found},
    )


@require_GET
@staff_page
@shows(queries.stuck_wishes)
def wishes(request: AccountRequest) -> HttpResponse:
    """Changes that engines have refused or not confirmed for a while."""
    return StuckTable(request, queries.stuck_wishes(request.actor)).response("backoffice/wishes.html")


@require_POST
@staff_page
def try_again(request: AccountRequest, kind: str, number: int) -> HttpResponse:
    """Have an engine asked again."""
    found = try_wish_again(request.actor, queries.stuck_wish(request.actor, kind, number))
    text = _("%(name)s is tried again.") % {"name": found}
    return finished(request, text, to=reverse("backoffice:wishes"))


@require_GET
@staff_page
@shows(queries.everything_that_happened)
def activity(request: AccountRequest) -> HttpResponse:
    """The log of everybody."""
    rows, dates = with_dates(request, queries.everything_that_happened(request.actor))
    return EverythingTable(request, rows).response("backoffice/activity.html", {"dates": dates})
