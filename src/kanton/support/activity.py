"""The kinds of things that happen in support."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of support."""

    CODE_ISSUED = "support.code_issued", _("%(person)s got a new support code"), ("target", "person")
    CODE_USED = (
        "support.code_used",
        _("%(actor)s of the provider recognized %(person)s by the support code"),
        ("target", "person"),
    )
    CODE_WRONG = (
        "support.code_wrong",
        _("%(actor)s of the provider entered a support code that does not exist"),
    )
    CODE_ALARM = (
        "support.code_alarm",
        _("%(actor)s of the provider entered five wrong support codes within an hour"),
    )
    CHECK_OPENED = "support.check_opened", _("The proof of identity %(target)s was opened: %(reason)s")
    CHECK_LINK_SENT = "support.check_link_sent", _("The procedure of %(target)s was sent again")
    CHECK_BEGUN = "support.check_begun", _("The link of %(target)s was opened in a browser")
    CHECK_SUBMITTED = "support.check_submitted", _("Documents were handed in for %(target)s")
    CHECK_LAPSED = (
        "support.check_lapsed",
        _("The documents of %(target)s were deleted after 72 hours without a decision"),
    )
    CHECK_AGREED = (
        "support.check_agreed",
        _("%(actor)s accepted the documents of %(target)s; it takes effect after 24 hours"),
    )
    CHECK_ACCEPTED = "support.check_accepted", _("%(actor)s accepted the documents of %(target)s")
    CHECK_REFUSED = "support.check_refused", _("%(actor)s refused the documents of %(target)s")
    CHECK_CARRIED_OUT = "support.check_carried_out", _("What %(target)s was about took effect")
    CHECK_STOPPED = "support.check_stopped", _("%(target)s was stopped by the link in a mail")
    CHECK_ENDED = "support.check_ended", _("%(target)s ended without a decision")
