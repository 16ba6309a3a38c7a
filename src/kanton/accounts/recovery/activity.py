"""The kinds of things that happen to the ways back into an account."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of recovery."""

    LOGIN_CHANGE_ASKED = (
        "recovery.login_change_asked",
        _("%(target)s asked to change the login e-mail to %(new)s"),
        ("target", "new"),
    )
    LOGIN_CHANGED = (
        "recovery.login_changed",
        _("The login e-mail of %(target)s changed from %(old)s to %(new)s"),
        ("target", "old", "new"),
    )
    CHANGE_UNDONE = (
        "recovery.change_undone",
        _("The change of the login e-mail of %(target)s to %(new)s was undone by the link in a mail"),
        ("target", "new"),
    )
    RECOVERY_EMAIL_ASKED = (
        "recovery.recovery_email_asked",
        _("%(target)s entered %(new)s as recovery e-mail"),
        ("target", "new"),
    )
    RECOVERY_EMAIL_CHANGED = (
        "recovery.recovery_email_changed",
        _("%(new)s is the recovery e-mail of %(target)s now"),
        ("target", "new"),
    )
    RECOVERY_EMAIL_REMOVED = (
        "recovery.recovery_email_removed",
        _("%(target)s removed the recovery e-mail"),
        ("target",),
    )
    PHONE_CODE_SENT = (
        "recovery.phone_code_sent",
        _("A code was sent to the mobile number of %(target)s"),
        ("target",),
    )
    PHONE_CHANGED = (
        "recovery.phone_changed",
        _("%(target)s changed the mobile number"),
        ("target",),
    )
    PHONE_REMOVED = (
        "recovery.phone_removed",
        _("%(target)s removed the mobile number"),
        ("target",),
    )
    RESET_SENT = (
        "recovery.reset_sent",
        _("Somebody asked for a link to choose a new password for %(target)s, sent to the recovery e-mail"),
        ("target",),
    )
    CODE_ENTERED = (
        "recovery.code_entered",
        _("The code sent to the phone was entered"),
    )
    RESET_BY_PHONE = (
        "recovery.reset_by_phone",
        _("%(target)s proved the mobile number to choose a new password"),
        ("target",),
    )
    LOGIN_FOUND = (
        "recovery.login_found",
        _("The login e-mail of %(target)s was sent to its recovery address or phone"),
        ("target",),
    )
    LOGIN_RELEASED = (
        "recovery.login_released",
        _(
            "The login address %(address)s of %(target)s ended with its mailbox, which %(by)s deleted or handed over"
        ),
        ("target", "address", "by"),
    )
    LOGIN_GIVEN_BACK = (
        "recovery.login_given_back",
        _("%(target)s signs in with %(address)s again, which %(by)s brought back with its mailbox"),
        ("target", "address", "by"),
    )
