"""What happens to mail services and addresses, each with its sentence. Never a password, never what a mail says."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of mail."""

    SERVICE_SET_UP = "mail.service_set_up", _("The mail service %(target)s was set up")
    SERVICE_WITHDRAWN = "mail.service_withdrawn", _("The mail service %(target)s stopped")
    DOMAIN_LINKED = (
        "mail.domain_linked",
        _("%(actor)s linked the domain %(domain)s to the mail service %(target)s"),
    )
    DOMAIN_UNLINKED = (
        "mail.domain_unlinked",
        _("%(actor)s unlinked the domain %(domain)s from the mail service %(target)s"),
    )
    DOMAIN_CHECKED = "mail.domain_checked", _("%(actor)s asked to check the domain %(target)s")
    DOMAIN_READY = "mail.domain_ready", _("The mail server takes mail for %(target)s")
    DOMAIN_STUCK = "mail.domain_stuck", _("The domain %(target)s does not work yet: %(reason)s")
    MAILBOX_CREATED = "mail.mailbox_created", _("%(actor)s created the address %(target)s")
    MAILBOX_EDITED = "mail.mailbox_edited", _("%(actor)s changed the details of the address %(target)s")
    MAILBOX_READY = "mail.mailbox_ready", _("The address %(target)s receives mail and opens")
    MAILBOX_STUCK = "mail.mailbox_stuck", _("The address %(target)s does not work yet: %(reason)s")
    MAILBOX_DELETED = "mail.mailbox_deleted", _("%(actor)s deleted the address %(target)s")
    MAILBOX_RESTORED = "mail.mailbox_restored", _("%(actor)s brought the address %(target)s back")
    MAILBOX_PURGED = "mail.mailbox_purged", _("The deleted address %(target)s was removed for good")
    PASSWORD_CHANGED = "mail.password_changed", _("%(actor)s changed the password of the address %(target)s")
    APP_PASSWORD_CREATED = (
        "mail.app_password_created",
        _("%(actor)s created a device password “%(label)s” for %(target)s"),
    )
    APP_PASSWORD_REVOKED = (
        "mail.app_password_revoked",
        _("%(actor)s revoked the device password “%(label)s” of %(target)s"),
    )
    ALIASES_CHANGED = (
        "mail.aliases_changed",
        _("%(actor)s set the aliases of %(target)s from “%(before)s” to “%(after)s”"),
    )
    REDIRECTION_SET = "mail.redirection_set", _("%(actor)s redirected %(target)s to %(targets)s")
    REDIRECTION_ENDED = "mail.redirection_ended", _("%(actor)s ended the redirection of %(target)s")
    REDIRECT_CREATED = (
        "mail.redirect_created",
        _("%(actor)s created the redirect address %(target)s to %(targets)s"),
    )
    REDIRECT_CHANGED = (
        "mail.redirect_changed",
        _("%(actor)s redirected the address %(target)s to %(targets)s"),
    )
    REDIRECT_DELETED = "mail.redirect_deleted", _("%(actor)s deleted the redirect address %(target)s")
    ACCESS_GIVEN = "mail.access_given", _("%(actor)s let %(person)s use the address %(target)s"), ("person",)
    ACCESS_WITHDRAWN = (
        "mail.access_withdrawn",
        _("%(actor)s withdrew the address %(target)s from %(person)s"),
        ("person",),
    )
    ACCESS_OFFERED = (
        "mail.access_offered",
        _("%(actor)s invited %(email)s to use the address %(target)s"),
        ("email",),
    )
    MAILBOX_LINKED = "mail.mailbox_linked", _("%(actor)s opened the address %(target)s in their own webmail")
    MAILBOX_UNLINKED = (
        "mail.mailbox_unlinked",
        _("%(actor)s took the address %(target)s out of their own webmail"),
    )
    MAINTENANCE_STARTED = (
        "mail.maintenance_started",
        _("%(actor)s put the mail service %(target)s into maintenance"),
    )
    MAINTENANCE_ENDED = (
        "mail.maintenance_ended",
        _("%(actor)s ended the maintenance of the mail service %(target)s"),
    )
    LIMIT_CHANGED = (
        "mail.limit_changed",
        _("%(actor)s set the sending limit of %(target)s to %(limit)s: %(reason)s"),
    )
