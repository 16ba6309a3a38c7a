"""What can go wrong in support."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class NotThisReason(DomainError):
    """A case cannot be opened for this."""

    code, status, field = "support.unknown_reason", 422, "reason"
    message = _("Please choose what happened.")


class CheckGone(DomainError):
    """The link is used, replaced, too old, or belongs to another browser."""

    code, status = "support.check_gone", 410
    message = _("This link was used before, replaced by a newer one, or is too old. Ask for a new one.")


class NotUnderExamination(DomainError):
    """There is nothing to decide."""

    code, status = "support.nothing_to_decide", 409
    message = _("There is nothing to decide here: no documents were handed in, or somebody decided already.")


class OwnCase(DomainError):
    """Nobody decides about themselves."""

    code, status = "support.own_case", 409
    message = _("This case is about your own account. Somebody else must decide it.")


class WhichAccount(DomainError):
    """Acceptance needs the account that the documents belong to."""

    code, status, field = "support.which_account", 422, "email"
    message = _("Enter the login e-mail of the account that belongs to this person.")


class NotAPhoto(DomainError):
    """A file that is not a photograph we read."""

    code, status = "support.not_a_photo", 422
    message = _("This file is not a photograph that we can read. Send a JPEG, PNG or WebP picture.")


class PhotoTooLarge(DomainError):
    """A file or a picture beyond the limits."""

    code, status = "support.photo_too_large", 422
    message = _(
        "This photograph is too large. Up to %(megabytes)s MB and %(megapixels)s megapixels are possible."
    )


class PhotoTooSmall(DomainError):
    """Nobody could read anything on it."""

    code, status = "support.photo_too_small", 422
    message = _(
        "This photograph is too small to be examined. It needs at least %(pixels)s pixels on each side."
    )


class NothingToSend(DomainError):
    """The procedure is not waiting for documents."""

    code, status = "support.nothing_to_send", 409
    message = _("No documents are needed at the moment, so there is nothing to send again.")
