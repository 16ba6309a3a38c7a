"""The staff's lines in the rail, shown outside of organizations."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kanton.core.jobs.models import Job, JobState
from kanton.core.outbox.models import Mail, MailState
from kanton.ui import shell


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.actor.is_staff)  # type: ignore[attr-defined]


def _failed_jobs(request: HttpRequest) -> int:
    return Job.objects.filter(state=JobState.FAILED).count()


def _failed_mails(request: HttpRequest) -> int:
    return Mail.objects.filter(state=MailState.FAILED).count()


def register() -> None:
    """Add the lines."""
    group = shell.Group.STAFF

    def entry(key: str, label: shell.Text, icon: str, order: int, **options: object) -> shell.NavEntry:
        return shell.NavEntry(
            key=f"staff-{key}", group=group, label=label, icon=icon, url=f"backoffice:{key}", order=order,
            in_organization=False, shown=_is_staff, **options,  # type: ignore[arg-type]
        )  # fmt: skip

    shell.register(
        entry("overview", pgettext_lazy("provider's staff", "Overview"), "tool", 0),
        entry("organizations", _("All organizations"), "building", 10),
        entry("people", _("All people"), "users", 20),
        entry("wishes", _("Stuck changes"), "hourglass", 30),
        entry("jobs", _("Jobs"), "list-check", 40, badge=_failed_jobs),
        entry("mails", _("Outbox"), "mail-forward", 50, badge=_failed_mails),
        entry("activity", _("Activity"), "history", 60),
    )
