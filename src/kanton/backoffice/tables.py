"""The staff's tables."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kanton.accounts.access.queries import OpenSession
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.activity.tables import ActivityTable
from kanton.backoffice import queries
from kanton.backoffice.queries import Stuck
from kanton.core.jobs.models import Job, JobState
from kanton.core.outbox.models import Mail, MailState, Sms
from kanton.core.wish import WishState
from kanton.organizations.models import Kind, Organization
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
    WishColumn,
    YesNoColumn,
)

# Filters offer what occurs among so many of the newest rows.
LATEST = 1000
JOB_KINDS = {
    JobState.WAITING: "waiting",
    JobState.RUNNING: "note",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
}
MAIL_KINDS = {MailState.WAITING: "waiting", MailState.SENT: "done", MailState.FAILED: "failed"}


def _job_trouble(job: Job) -> str:
    return job.reason or (job.last_error_line if job.state in (JobState.FAILED, JobState.WAITING) else "")


class JobTable(Table[Job]):
    """Jobs, with what stands in their way."""

    task = Column(
        gettext_lazy("Job"),
        value="short_name",
        link=lambda job: reverse("backoffice:job", args=[job.pk]),
        below=lambda job: _job_trouble(job)[:160],
    )
    number = NumberColumn(gettext_lazy("Number"), value="pk", wide=True)
    state = ChoiceColumn(gettext_lazy("State"), choices=JobState.choices, kinds=JOB_KINDS)
    failures = NumberColumn(gettext_lazy("Failed tries"), wide=True)
    run_at = DateColumn(pgettext_lazy("a job", "Due"), wide=True)
    created_at = DateColumn(gettext_lazy("Asked for"), relative=False, wide=True)
    actor = Column(pgettext_lazy("who asked for a job or mail", "By"), wide=True)
    search = ("task", "error", "reason", "actor", "unique_key")
    bulk = (
        Bulk(gettext_lazy("Start again"), "backoffice:retry_jobs", icon="refresh"),
        Bulk(gettext_lazy("Cancel"), "backoffice:cancel_jobs", icon="x", danger=True),
    )
    default_sort = "-pk"
    file_name = "jobs"
    empty = Empty(
        gettext_lazy("No jobs yet"),
        gettext_lazy("Work that follows a change appears here: set-ups, mails, checks."),
        icon="list-check",
    )

    def __init__(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        super().__init__(request, rows)
        tasks = sorted(set(Job.objects.order_by("-pk").values_list("task", flat=True)[:LATEST]))
        self.filters = [
            Filter("state", _("State"), JobState.choices),
            Filter("task", _("Job"), [(task, Job(task=task).short_name) for task in tasks]),
        ]


class MailTable(Table[Mail]):
    """Mails that Kanton wrote."""

    subject = Column(
        gettext_lazy("Subject"),
        link=lambda mail: reverse("backoffice:mail", args=[mail.pk]),
        below=lambda mail: mail.reason,
    )
    to = Column(pgettext_lazy("recipient", "To"))
    state = ChoiceColumn(gettext_lazy("State"), choices=MailState.choices, kinds=MAIL_KINDS)
    kind = Column(gettext_lazy("Kind"), wide=True)
    created_at = DateColumn(gettext_lazy("Written"), wide=True)
    sent_at = DateColumn(gettext_lazy("Sent"), relative=False, wide=True)
    search = ("to", "subject", "reason", "message_id")
    default_sort = "-pk"
    file_name = "outbox"
    empty = Empty(
        gettext_lazy("No mails yet"),
        gettext_lazy("Every mail that Kanton writes appears here, with whether it went out."),
        icon="mail-forward",
    )

    def __init__(self, request: HttpRequest, rows: QuerySet[Mail]) -> None:
        super().__init__(request, rows)
        kinds = sorted(set(Mail.objects.order_by("-pk").values_list("kind", flat=True)[:LATEST]))
        self.filters = [
            Filter("state", _("State"), MailState.choices),
            Filter("kind", _("Kind"), [(kind, kind) for kind in kinds if kind]),
        ]


class SmsTable(Table[Sms]):
    """Text messages that Kanton wrote."""

    to = Column(pgettext_lazy("recipient", "To"), main=True, below=lambda sms: sms.reason)
    text = Column(
        gettext_lazy("Text"),
        value=lambda sms: sms.text if queries.is_readable(sms) else _("not shown"),
        csv=False,
    )
    state = ChoiceColumn(gettext_lazy("State"), choices=MailState.choices, kinds=MAIL_KINDS)
    kind = Column(gettext_lazy("Kind"), wide=True)
    created_at = DateColumn(gettext_lazy("Written"), wide=True)
    search = ("to", "reason", "reference")
    filters = (Filter("state", gettext_lazy("State"), MailState.choices),)
    default_sort = "-pk"
    file_name = "text-messages"
    empty = Empty(
        gettext_lazy("No text messages yet"),
        gettext_lazy("They need a gateway: set outbox.sms_gateway in kanton.toml."),
        icon="device-mobile-message",
    )


class OrganizationTable(Table[Organization]):
    """All customers."""

    name = Column(
        gettext_lazy("Organization"),
        link=lambda each: reverse("backoffice:organization", args=[each.slug]),
        sort="name",
        below=lambda each: each.slug,
    )
    kind = ChoiceColumn(gettext_lazy("Type"), choices=Kind.choices, wide=True)
    city = Column(gettext_lazy("Town"), sort="city", wide=True)
    country = Column(gettext_lazy("Country"), wide=True)
    members = NumberColumn(gettext_lazy("Members"), value="member_count")
    services = NumberColumn(pgettext_lazy("running products", "Services"), value="service_count")
    created_at = DateColumn(gettext_lazy("Customer since"), sort="created_at", relative=False, wide=True)
    search = ("name", "slug", "city", "postal_code", "vat_number", "phone")
    filters = (Filter("kind", gettext_lazy("Type"), Kind.choices),)
    default_sort = "name"
    file_name = "organizations"
    empty = Empty(
        gettext_lazy("No organizations yet"),
        gettext_lazy("They appear here when somebody registers."),
        icon="building",
    )


class PersonSessionTable(Table[OpenSession]):
    """Where one person is signed in."""

    browser = Column(gettext_lazy("Browser"), main=True)
    where = Column(gettext_lazy("Where"), value=lambda row: ", ".join(filter(None, (row.place, row.address))))
    last_seen_at = DateColumn(gettext_lazy("Last activity"))
    created_at = DateColumn(gettext_lazy("Signed in"), wide=True)
    empty = Empty(gettext_lazy("Not signed in anywhere"), icon="logout")
    file_name = "sessions"

    def row_actions(self, row: OpenSession) -> Sequence[RowAction]:
        """End it, with a reason."""
        url = reverse("backoffice:end_session", args=[self.context["number"], row.number])
        return (RowAction(_("End this session"), url, "logout"),)


class PersonTable(Table[Person]):
    """All people."""

    name = Column(
        gettext_lazy("Name"),
        value="display_name",
        link=lambda each: reverse("backoffice:person", args=[each.pk]),
        sort="last_name",
    )
    email = Column(gettext_lazy("Login e-mail"), sort="email_key")
    organizations = NumberColumn(gettext_lazy("Organizations"), value="organization_count", wide=True)
    second_factor = YesNoColumn(gettext_lazy("Second factor"), value="has_second_factor", wide=True)
    confirmed = YesNoColumn(gettext_lazy("Confirmed"), value="is_confirmed", wide=True)
    created_at = DateColumn(gettext_lazy("Since"), sort="created_at", relative=False, wide=True)
    search = ("email", "first_name", "last_name", "phone")
    default_sort = "email_key"
    file_name = "people"
    empty = Empty(
        gettext_lazy("No people yet"), gettext_lazy("They appear here when somebody registers."), icon="users"
    )


class StuckTable(Table[Stuck]):
    """Changes that engines have not confirmed."""

    name = Column(gettext_lazy("What"), main=True, below=lambda row: row.what)
    organization = Column(
        gettext_lazy("Organization"),
        link=lambda row: (
            reverse("backoffice:organization", args=[row.organization.slug]) if row.organization else ""
        ),
    )
    state = WishColumn(gettext_lazy("State"), value="wish")
    reason = Column(gettext_lazy("Reason"), value="wish.wish_reason", below=lambda row: row.wish.wish_remedy)
    since = DateColumn(gettext_lazy("Wished"), wide=True)
    search = ("name", "reason")
    filters = (
        Filter(
            "wish_state", gettext_lazy("State"), [each for each in WishState.choices if each[0] != "done"]
        ),
    )
    default_sort = "since"
    file_name = "stuck-changes"
    empty = Empty(
        gettext_lazy("Nothing is stuck"),
        gettext_lazy("Every change of the last hours was confirmed by its engine."),
        icon="circle-check",
    )

    def row_actions(self, row: Stuck) -> tuple[RowAction, ...]:
        """Try again, where that is possible."""
        if not row.can_try_again:
            return ()
        url = reverse("backoffice:try_wish_again", args=[row.kind, row.wish.pk])
        return (RowAction(_("Try again"), url, "refresh", post=True),)


class EverythingTable(ActivityTable):
    """The log of the whole installation."""

    organization = Column(gettext_lazy("Organization"), value="organization_name", wide=True)
    file_name = "activity-of-everybody"

    def __init__(self, request: HttpRequest, rows: QuerySet[Activity]) -> None:
        super().__init__(request, rows, names=queries.names_of)
