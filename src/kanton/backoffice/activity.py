"""What staff do to the machinery, written into the customer's log where it concerns one."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of the provider's staff."""

    JOB_RETRIED = "backoffice.job_retried", _("%(actor)s of the provider started the job %(target)s again")
    JOB_CANCELLED = "backoffice.job_cancelled", _("%(actor)s of the provider cancelled the job %(target)s")
    MAIL_SENT_AGAIN = (
        "backoffice.mail_sent_again",
        _("%(actor)s of the provider sent the mail “%(target)s” to %(to)s again"),
        ("target", "to"),
    )
    SESSION_ENDED = (
        "backoffice.session_ended",
        _("%(actor)s of the provider ended a session of %(target)s (%(browser)s): %(reason)s"),
        ("target", "browser", "reason"),
    )
    SESSIONS_ENDED = (
        "backoffice.sessions_ended",
        _("%(actor)s of the provider ended all sessions of %(target)s: %(reason)s"),
        ("target", "reason"),
    )
    WISH_TRIED_AGAIN = (
        "backoffice.wish_tried_again",
        _("%(actor)s of the provider had the change of %(target)s tried again"),
    )
