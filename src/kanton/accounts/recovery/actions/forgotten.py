"""A forgotten password, a forgotten login e-mail (ACC-51…59)."""

from __future__ import annotations

from kanton.accounts.errors import LinkGone
from kanton.accounts.models import OneTimeLink, Person, Purpose, address_key
from kanton.accounts.places import normal_phone
from kanton.accounts.recovery import emails
from kanton.accounts.recovery.actions.ways_back import entered_code, limit_messages, require_mobile
from kanton.accounts.recovery.activity import Happened
from kanton.accounts.recovery.models import CodePurpose, PhoneCode, proven_phone, proven_recovery_email
from kanton.accounts.recovery.queries import people_found, shares_phone
from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.outbox import sms_is_available
from kanton.core.outbox.sms import NoSmsGateway
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SYSTEM
from kanton.core.secrets import token_hash

NO_TOKEN = "Whoever forgot how to sign in has no token; browsers ask through the page."  # noqa: S105 - a reason, not a secret


@internal(NO_TOKEN)
@action(right=PUBLIC, may_be_silent=True)
def ask_for_reset_by_recovery(actor: Actor, *, email: str) -> None:
    """Have the link sent to the recovery e-mail, if the account has one. A job looks that up (ACC-53)."""
    from kanton.accounts.recovery.tasks import send_reset_to_recovery

    after_commit(send_reset_to_recovery, email.strip()[:300])


@internal("The job behind ask_for_reset_by_recovery.")
@action(right=SYSTEM, may_be_silent=True)
def issue_reset_to_recovery(actor: Actor, person: Person) -> None:
    """Send the link to the proven recovery e-mail; earlier links die (ACC-54)."""
    if proven_recovery_email(person):
        record(actor, Happened.RESET_SENT, person)
        emails.reset_to_recovery(person, OneTimeLink.issue(person, Purpose.RESET))


@internal(NO_TOKEN)
@action(right=PUBLIC, may_be_silent=True)
def ask_for_reset_by_phone(actor: Actor, *, email: str) -> str:
    """Have a code sent to the proven number, if the account has one. The secret of the page that asks for it.

    The row and the job are made for unknown addresses too, so that nothing tells them apart (ACC-53).
    """
    from kanton.accounts.recovery.tasks import send_code

    if not sms_is_available():
        raise NoSmsGateway
    key = address_key(email)
    person = Person.objects.select_related("proven").filter(email_key=key, is_active=True).first()
    number = proven_phone(person) if person is not None else ""
    if shares_phone(number):
        number = ""
    row, secret = PhoneCode.begin(CodePurpose.RESET, person=person if number else None, number=number)
    after_commit(send_code, row.pk)
    return secret


@internal(NO_TOKEN)
@action(right=PUBLIC)
def enter_reset_code(actor: Actor, *, secret: str, code: str) -> str:
    """The code was right: the secret of a link to choose a new password, as if it had come by mail (ACC-54)."""
    row = entered_code(secret, code, CodePurpose.RESET)
    row.used_at = clock.now()
    row.save(update_fields=["used_at"])
    person = row.person
    if person is None or not person.is_active or proven_phone(person) != row.number:
        raise LinkGone
    record(actor, Happened.RESET_BY_PHONE, person)
    return OneTimeLink.issue(person, Purpose.RESET)


@internal(NO_TOKEN)
@action(right=PUBLIC, may_be_silent=True)
def ask_for_login(actor: Actor, *, phone: str, country: str = "CH") -> str:
    """Have a code sent to this number, whether or not an account has it (ACC-58). The secret of its page."""
    from kanton.accounts.recovery.tasks import send_code

    if not sms_is_available():
        raise NoSmsGateway
    number = normal_phone(phone, country)
    require_mobile(number)
    limit_messages(number, f"network:{actor.ip}")
    row, secret = PhoneCode.begin(CodePurpose.LOGIN, person=None, number=number)
    after_commit(send_code, row.pk, actor.language)
    return secret


@internal(NO_TOKEN)
@action(right=PUBLIC)
def enter_login_code(actor: Actor, *, secret: str, code: str) -> PhoneCode:
    """The phone is in the asker's hands: what follows may tell found from not found (ACC-58)."""
    row = entered_code(secret, code, CodePurpose.LOGIN)
    record(actor, Happened.CODE_ENTERED, row)
    return row


@internal(NO_TOKEN)
@action(right=PUBLIC)
def send_login(actor: Actor, *, secret: str, way: str, recovery_email: str = "") -> Person:
    """Send the login e-mail of the one account found, to its recovery e-mail or phone. Never to the page (ACC-57)."""
    row = PhoneCode.objects.select_for_update().filter(digest=token_hash(secret)).first()
    people = people_found(row, recovery_email) if row is not None and row.is_entered else []
    if row is None or len(people) != 1:
        raise LinkGone
    person = people[0]
    row.used_at = clock.now()
    row.save(update_fields=["used_at"])
    record(actor, Happened.LOGIN_FOUND, person)
    if way == "mail" and proven_recovery_email(person):
        emails.login_found_by_mail(person)
    else:
        emails.login_found_by_sms(person)
    return person
