"""What can go wrong with blocks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, DomainError


class AlreadyBlocked(Conflict):
    code = "blocks.already_blocked"
    message = _("This person is blocked there already.")


class WrongCode(DomainError):
    code, status, field = "blocks.wrong_code", 422, "digits"
    message = _("No valid support code has these digits.")


class MayNotAsk(DomainError):
    """The code is right, but its owner may not have this person blocked."""

    code, status, field = "blocks.may_not_ask", 403, "digits"
    message = _(
        "The code is that of %(person)s, who may not ask for this. A block is asked for by the person, or by an owner "
        "or administrator of the organization; that of a whole account by one of every organization it belongs to."
    )


class NobodyElse(DomainError):
    """Nobody else could administer the organization (ORG-91)."""

    code, status, field = "blocks.nobody_else", 409, "is_last_owner_confirmed"
    message = _(
        "This is the last owner of %(organizations)s: nobody else can act as owner there until the block ends. "
        "Confirm it. Products, renewals and reminders go on."
    )


class NotMember(Conflict):
    code, field = "blocks.not_member", "organization"
    message = _("This person does not belong to the organization.")


class StaffStays(Conflict):
    code = "blocks.staff_stays"
    message = _("Members of the provider’s staff are not blocked here. Take their staff rights away first.")


class BlockEnded(Conflict):
    code = "blocks.ended"
    message = _("This block has ended already.")


class IdentityNeeded(Conflict):
    """The last owner comes back by a proof of identity (ORG-91)."""

    code = "blocks.identity_needed"
    message = _(
        "This is the last owner of an organization: the block ends when a proof of identity is accepted. "
        "Open one below."
    )


class HeldByProvider(DomainError):
    """What an administrator reads who wants to let the member in, and the member in front of the closed door."""

    code, status = "blocks.held_by_provider", 403
    message = _(
        "The access of %(person)s to %(organization)s was blocked by %(provider)s in a security incident. Only its "
        "support can open it again: %(support)s"
    )
