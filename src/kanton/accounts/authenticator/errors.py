"""What can go wrong between a phone and us."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class CodeGone(DomainError):
    """The code was used, replaced, mistyped, or is older than five minutes (ACC-87)."""

    code, status, field = "authenticator.code_gone", 410, "code"
    message = _(
        "This code was used before, is older than five minutes, or was mistyped. Show a new one on the page."
    )


class NotASignature(DomainError):
    """The signature does not fit the text, the key or the device."""

    code, status = "authenticator.bad_signature", 401
    message = _("This app could not prove who it is. Update the app, or link it again.")


class ClockWrong(DomainError):
    """The signed time is too far from ours; the answer carries ours."""

    code, status = "authenticator.clock_wrong", 401
    message = _("The clock of this phone is off. Set it to the network's time.")


class UnknownDevice(DomainError):
    """No device with this number."""

    code, status = "authenticator.unknown_device", 404
    message = _("This phone is not linked to an account here.")


class DeviceRemoved(DomainError):
    """The device was removed on the web (ACC-91)."""

    code, status = "authenticator.removed", 410
    message = _("This phone was removed from the account.")


class AccountBlocked(DomainError):
    """The account is closed for now; the phone keeps its key for when it opens again."""

    code, status = "authenticator.blocked", 403
    message = _("This account is blocked at the moment. Contact us if you do not know why.")


class KeyTaken(DomainError):
    """A key belongs to one device."""

    code, status = "authenticator.key_taken", 409
    message = _("This key is linked already. Make a new one.")


class WrongShape(DomainError):
    """What the app sent is not what the protocol says."""

    code, status = "authenticator.wrong_shape", 422
    message = _("The app sent something that we do not understand. Update the app.")


class RequestGone(DomainError):
    """The sign-in was answered, replaced by a newer one, or is older than two minutes (ACC-89)."""

    code, status = "authenticator.request_gone", 410
    message = _("This sign-in no longer waits: it was answered, replaced by a newer one, or took too long.")


class NumberMismatch(DomainError):
    """Another number was typed than the browser shows: the sign-in is refused."""

    code, status = "authenticator.number_mismatch", 409
    message = _("This is not the number that the browser shows. The sign-in was refused; begin again.")


class WrongCode(DomainError):
    """No linked phone shows this code now, or it was used before (ACC-80)."""

    code, status, field = "authenticator.wrong_code", 422, "code"
    message = _("This code is not right, or was used before. Wait for the next one in the app.")
