"""What can go wrong with organizations and their people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class AlreadyMember(DomainError):
    code, status, field = "organizations.already_member", 409, "email"
    message = _("%(email)s already belongs to this organization.")


class AlreadyInvited(DomainError):
    code, status, field = "organizations.already_invited", 409, "email"
    message = _("%(email)s is already invited. Send the invitation again instead.")


class OwnersOnly(DomainError):
    code, status, field = "organizations.owners_only", 403, "role"
    message = _("Only an owner can give the owner role, or change or remove an owner.")


class LastOwner(DomainError):
    code, status, field = "organizations.last_owner", 409, "role"
    message = _("This is the last owner. Appoint another owner first.")


class InvitationGone(DomainError):
    code, status = "organizations.invitation_gone", 410
    message = _(
        "This invitation was used, revoked or has expired. Ask the person who invited you to send it again."
    )


class InvitationForSomebodyElse(DomainError):
    code, status = "organizations.invitation_for_somebody_else", 409
    message = _(
        "This invitation is for %(invited)s, but you are signed in as %(signed_in)s. "
        "Sign in as %(invited)s to accept it."
    )


class UnknownRight(DomainError):
    code, status, field = "organizations.unknown_right", 422, "grants"
    message = _("The right “%(right)s” cannot be granted.")


class NameMissing(DomainError):
    code, status, field = "organizations.name_missing", 422, "name"
    message = _("An organization needs a name.")


class UnknownDetail(DomainError):
    code, status = "organizations.unknown_detail", 422
    message = _("“%(name)s” is no detail of an organization that can be edited.")


class AccessSuspended(DomainError):
    code, status = "organizations.access_suspended", 403
    message = _(
        "Your access to %(organization)s is suspended. Ask an owner or administrator of the organization to let you in "
        "again; your account and your other organizations stay open."
    )


class NetworkNotAllowed(DomainError):
    code, status = "organizations.network_not_allowed", 403
    message = _(
        "%(organization)s can be managed from certain networks only, and %(address)s is not one of them. Connect "
        "from an allowed network, or ask the provider’s support if none is left."
    )


class AccessOfRole(DomainError):
    code, status, field = "organizations.access_of_role", 409, "grants"
    message = _("Owners and administrators have access to everything. Product access is for the other roles.")
