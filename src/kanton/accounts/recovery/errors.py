"""What can go wrong on the way back into an account."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class AddressTaken(DomainError):
    """Another account signs in with this address (ACC-23)."""

    code, status, field = "recovery.address_taken", 409, "email"
    message = _(
        "Another account signs in with %(email)s. If it is yours too: invite that account into your organization, "
        "give it all rights, sign in with it, and then delete this one."
    )


class DiffersNot(DomainError):
    """Login and recovery address must differ (ACC-22)."""

    code, status, field = "recovery.same_as_recovery", 422, "email"
    message = _("The login e-mail must differ from your recovery e-mail, or both could be lost together.")


class UnchangedAddress(DomainError):
    """The address is the present one."""

    code, status, field = "recovery.unchanged", 422, "email"
    message = _("This is the present address. There is nothing to change.")


class NoSuchPlace(DomainError):
    """An address that cannot receive mail."""

    code, status, field = "recovery.no_mailbox", 422, "email"
    message = _("No mail can be sent to this address. Please enter one that you can read.")


class WrongCode(DomainError):
    """The digits do not fit. The same words for every reason."""

    code, status, field = "recovery.wrong_code", 422, "code"
    message = _("This code is not right, or too old. Look at the newest message, or have a new code sent.")


class NotAMobile(DomainError):
    """A number that no text message reaches."""

    code, status, field = "recovery.not_a_mobile", 422, "phone"
    message = _("Text messages do not reach “%(phone)s”. Please enter a mobile number.")


class NothingReleased(DomainError):
    """The account has its login address."""

    code, status = "recovery.nothing_released", 409
    message = _("Your login e-mail is in place. Change it on the page “Security”.")
