"""What can go wrong with single sign-on, in words that mend."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class BadDomain(DomainError):
    code, status, field = "sso.bad_domain", 422, "name"
    message = _("“%(name)s” is not a domain of your own, such as acme.ch.")


class DomainTaken(DomainError):
    code, status, field = "sso.domain_taken", 409, "name"
    message = _("Another organization has proven %(name)s. Ask the support if that cannot be.")


class AlreadyClaimed(DomainError):
    code, status, field = "sso.already_claimed", 409, "name"
    message = _("%(name)s is in the list already.")


class NotProvenYet(DomainError):
    code, status = "sso.not_proven_yet", 409
    message = _(
        "We do not find the record yet. Add the TXT record %(record)s with the value %(value)s at your DNS provider; "
        "it can take up to an hour until everybody sees it."
    )


class ProviderUnreachable(DomainError):
    code, status, field = "sso.provider_unreachable", 422, "discovery_url"
    message = _("The identity provider does not answer as it should: %(reason)s")


class SignInRefused(DomainError):
    """The provider's answer is not one that opens a session. `reason` is for the people who run it."""

    code, status = "sso.refused", 403
    message = _(
        "The sign-in at your organization did not work. Begin again, or ask your administrator. (%(reason)s)"
    )


class NoConnection(DomainError):
    code, status, field = "sso.no_connection", 422, "email"
    message = _(
        "No organization has activated single sign-on for this address. Sign in with your password, or ask your "
        "administrator."
    )


class NotTested(DomainError):
    code, status = "sso.not_tested", 409
    message = _("Test the sign-in first: whoever can sign in through it once can switch it on.")


class NoDomain(DomainError):
    code, status = "sso.no_domain", 409
    message = _("Prove at least one e-mail domain first.")


class ForeignAddress(DomainError):
    code, status = "sso.foreign_address", 403
    message = _("The address %(email)s does not belong to a domain that your organization has proven.")


class SignInFirst(DomainError):
    """The address has an account here: its owner connects the two, signed in (ACC-118)."""

    code, status = "sso.sign_in_first", 409
    message = _(
        "%(email)s has an account here already. Sign in to it once with its password to connect the two."
    )


class AlreadyLinked(DomainError):
    code, status = "sso.already_linked", 409
    message = _("This sign-in, or your account, is connected with another one already.")


class SsoRequired(DomainError):
    code, status = "sso.required", 403
    message = _("%(organization)s wants you to sign in with SSO. Use the button “Sign in with SSO” below.")


class BadRule(DomainError):
    code, status, field = "sso.bad_rule", 422, "rules"
    message = _(
        "“%(rule)s” is not a rule. Write “group = administrator” or “group = collaborator: Team A, Team B”."
    )


class OwnersByHand(DomainError):
    code, status, field = "sso.owners_by_hand", 422, "rules"
    message = _("An identity provider cannot make owners. Choose another role.")
