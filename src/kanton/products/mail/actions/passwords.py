"""Passwords of mailboxes and of mail programs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kanton.accounts.queries import has_proved_twice
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.products.mail.actions.common import publish_later, wish
from kanton.products.mail.activity import Happened
from kanton.products.mail.engine.credentials import hash_app_password, hash_password
from kanton.products.mail.engine.port import APP_PASSWORDS_MAX
from kanton.products.mail.errors import TooManyAppPasswords, WeakPassword
from kanton.products.mail.models import AppPassword, Mailbox
from kanton.products.mail.rights import PASSWORD

PASSWORD_LENGTH = 18

# No letter or digit that is mistaken for another when it is read aloud or typed from paper.
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class NewAppPassword:
    """A new device password, shown once."""

    app_password: AppPassword
    password: str


@internal("A part of change_mailbox_password, which knows about unified passwords.")
@action(right=PASSWORD)
def set_mailbox_password(actor: Actor, mailbox: Mailbox, *, password: str) -> Mailbox:
    """Set a new password of the address (MAIL-17, MAIL-19). Old logins end within a minute."""
    check_password(password, mailbox.local_part)
    mailbox.password_hash = hash_password(password)
    mailbox.password_changed_at = clock.now()
    wish(mailbox, _("Publishing the new password"))
    record(actor, Happened.PASSWORD_CHANGED, mailbox)
    publish_later(mailbox.mail)
    return mailbox


@action(right=PASSWORD)
def create_app_password(actor: Actor, mailbox: Mailbox, *, label: str) -> NewAppPassword:
    """A password for one device, which can be revoked without changing the others."""
    if mailbox.app_passwords.count() >= APP_PASSWORDS_MAX:
        raise TooManyAppPasswords(limit=APP_PASSWORDS_MAX)
    password = generate_password(24)
    app_password = AppPassword.objects.create(
        organization_id=mailbox.organization_id,
        mailbox=mailbox,
        person_id=actor.person_id,
        label=label.strip()[:60] or _("Device"),
        digest=hash_app_password(password),
        with_second_factor=has_proved_twice(actor),
    )
    record(actor, Happened.APP_PASSWORD_CREATED, mailbox, label=app_password.label)
    publish_later(mailbox.mail)
    return NewAppPassword(app_password, password)


@action(right=PASSWORD)
def revoke_app_password(actor: Actor, mailbox: Mailbox, *, app_password_id: int) -> None:
    """Let a device's password work no more."""
    app_password = mailbox.app_passwords.filter(pk=app_password_id).first()
    label = app_password.label if app_password else ""
    if app_password is not None:
        app_password.delete()
    record(actor, Happened.APP_PASSWORD_REVOKED, mailbox, label=label)
    publish_later(mailbox.mail)


def generate_password(length: int = PASSWORD_LENGTH) -> str:
    """A random password that can be read aloud: 18 characters hold 104 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def check_password(password: str, local_part: str) -> None:
    """Raises WeakPassword with every rule that a new password of an address breaks."""
    reasons: list[str] = []
    if len(password) > 128:
        reasons.append(_("The password may have at most %(limit)s characters.") % {"limit": 128})
    if any(ord(one) < 32 for one in password):
        reasons.append(_("The password may not hold control characters."))
    if len(local_part) > 3 and local_part in password.lower():
        reasons.append(_("The password must not contain the address."))
    try:
        validate_password(password[:512])
    except ValidationError as error:
        reasons += [str(message) for message in error.messages]
    if reasons:
        raise WeakPassword(reasons=" ".join(reasons))
