"""What can go wrong for staff."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, DomainError


class NothingToRetry(Conflict):
    """None of the chosen jobs can run again."""

    code = "backoffice.nothing_to_retry"
    message = _("None of these jobs can be started again: they are running, or they are done.")


class NothingToCancel(Conflict):
    """None of the chosen jobs waits."""

    code = "backoffice.nothing_to_cancel"
    message = _("None of these jobs can be cancelled: only jobs that wait can.")


class MailIsErased(Conflict):
    """The text of the mail is gone."""

    code = "backoffice.mail_is_erased"
    message = _("The text of this mail has been erased, so it cannot be sent again.")


class MailIsOnItsWay(Conflict):
    """The mail is being delivered anyway."""

    code = "backoffice.mail_is_on_its_way"
    message = _("This mail still waits to be delivered. Start its job again to hurry it.")


class NotSignedIn(Conflict):
    """There is no session to end."""

    code = "backoffice.not_signed_in"
    message = _("Nobody is signed in to this account now.")


class ReasonMissing(DomainError):
    """The person will read why."""

    code, status, field = "backoffice.reason_missing", 422, "reason"
    message = _("Say why. The person reads it.")


class CannotTryAgain(Conflict):
    """There is nothing that staff could start for this."""

    code = "backoffice.cannot_try_again"
    message = _("This change is confirmed already, or only its own page can start it again.")
