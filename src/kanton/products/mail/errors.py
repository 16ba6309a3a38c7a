"""What can go wrong with addresses, in the customer's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, DomainError, Invalid


class BadLocalPart(Invalid):
    """Not the part before the @ of an address here."""

    field = "local_part"
    message = _(
        "“%(local)s” cannot stand before the @. Use letters without accents, digits, dots, hyphens and underscores; "
        "at most 64, and no dot at the beginning, at the end or twice in a row."
    )


class BadTarget(Invalid):
    """Not an address that mail can be redirected to."""

    field = "targets"
    message = _("“%(address)s” is not an email address.")


class LocalPartTaken(DomainError):
    """Unique per service across addresses, aliases and redirects (MAIL-9)."""

    code, status, field = "object_already_exists", 409, "local_part"
    message = _("%(address)s exists already, as an address, an alias or a redirection. Choose another name.")


class RedirectCircle(Invalid):
    """A chain of redirections that returns to itself (MAIL-9)."""

    field = "targets"
    message = _("This redirection would come back to itself through %(chain)s. Choose another target.")


class AllAddressesUsed(DomainError):
    """More addresses than paid (MAIL-11)."""

    code, status, field = "mail.all_addresses_used", 403, "local_part"
    message = _(
        "Your offer includes %(limit)s addresses, and all are in use. Change the offer in the shop to add more, "
        "or delete an address that nobody needs."
    )


class WeakPassword(Invalid):
    """Too short or too well known."""

    field = "password"
    message = _("%(reasons)s")


class BulkRefused(Invalid):
    """Some lines of a bulk creation are wrong; none was created (MAIL-8)."""

    code = "mail.bulk_refused"
    field = "table"
    message = _("Nothing was created. Please correct these lines: %(lines)s")


class DomainTaken(DomainError):
    """A domain belongs to one mail service."""

    code, status, field = "object_already_exists", 409, "name"
    message = _("%(domain)s is linked to a mail service already. Unlink it there first.")


class BadDomain(Invalid):
    """Not a domain name."""

    field = "name"
    message = _("“%(domain)s” is not a domain name. Write it like example.ch.")


class MainDomainStays(Conflict):
    """The domain that the service is named after."""

    code = "mail.main_domain_stays"
    message = _("%(domain)s is the main domain of this mail service and cannot be unlinked.")


class InMaintenance(DomainError):
    """Reading is off while a service is in maintenance (MAIL-98)."""

    code, status = "mail.in_maintenance", 503
    message = _(
        "This mail service is in maintenance. Mail still arrives; reading is possible again when it has ended."
    )


class NotAMember(Invalid):
    """Only members can be let in directly; others are invited by address."""

    field = "person"
    message = _("This person does not belong to the organization. Invite them with their email address.")


class TooManyAppPasswords(Conflict):
    """The engine knows a few per mailbox."""

    code = "mail.too_many_app_passwords"
    message = _("An address can have %(limit)s device passwords. Revoke one that is not used any more.")


class NameTakenMeanwhile(Conflict):
    """A deleted address cannot come back while somebody else has its name."""

    code = "mail.name_taken_meanwhile"
    message = _("%(address)s was created anew in the meantime. Delete or rename that one first.")


class SomebodySignsIn(DomainError):
    """The deletion of an address takes somebody's login away; it must be confirmed by name (ACC-64)."""

    code, status, field = "mail.somebody_signs_in", 409, "are_logins_confirmed"
    message = _(
        "This is the login address of %(people)s. The account stays, and gets a substitute user name by mail and text "
        "message. Confirm it to delete the address."
    )
