"""Everybody minds their own ways back; whoever is outside may ask, and learns nothing."""

from __future__ import annotations

from kanton.accounts.errors import LinkGone
from kanton.accounts.models import Person
from kanton.accounts.recovery.actions.forgotten import (
    ask_for_login,
    ask_for_reset_by_phone,
    ask_for_reset_by_recovery,
    enter_login_code,
    enter_reset_code,
    issue_reset_to_recovery,
    send_login,
)
from kanton.accounts.recovery.actions.login_address import (
    change_login_address,
    confirm_login_address,
    replace_login_address,
    undo_login_address,
)
from kanton.accounts.recovery.actions.released import give_back_login_address, release_login_address
from kanton.accounts.recovery.actions.ways_back import (
    change_phone,
    change_recovery_email,
    confirm_phone,
    confirm_recovery_email,
)
from kanton.accounts.recovery.errors import NothingReleased, WrongCode
from kanton.accounts.recovery.models import AddressChange, CodePurpose, PhoneCode
from kanton.core.outbox.sms import NoSmsGateway
from kanton.core.throttle import forget_everything
from kanton.testing import PASSWORD
from kanton.testing_matrix import (
    EVERYBODY,
    NOBODY,
    OWNER_ONLY,
    SIGNED_IN,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)


def own(cast: Cast) -> Person:
    """The owner's account: everybody else is a stranger to it."""
    return cast.people[Who.OWNER]


def waiting(cast: Cast) -> AddressChange:
    """A login e-mail that the owner asked for."""
    return change_login_address(cast.owner, own(cast), email="new@example.ch", current_password=PASSWORD)


def code(cast: Cast, purpose: CodePurpose) -> str:
    """The secret of a page that asks for a code."""
    person = own(cast) if purpose is CodePurpose.CONFIRM else None
    return PhoneCode.begin(purpose, person=person, number="+41791234567")[1]


NOT_THERE = dict.fromkeys(SIGNED_IN - OWNER_ONLY, 410)
LINES: list[Line] = [
    act(
        "accounts.change_login_address",
        lambda actor, cast: change_login_address(
            actor, own(cast), email="new@example.ch", current_password=PASSWORD
        ),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.replace_login_address",
        lambda actor, cast: replace_login_address(actor, own(cast), email="new@example.ch"),
        allowed=OWNER_ONLY,
        fails=NothingReleased,
    ),
    act(
        "accounts.confirm_login_address",
        lambda actor, cast: confirm_login_address(actor, secret="no such secret"),
        allowed=EVERYBODY,
        fails=LinkGone,
    ),
    act(
        "accounts.undo_login_address",
        lambda actor, cast: undo_login_address(actor, secret="no such secret"),
        allowed=EVERYBODY,
        fails=LinkGone,
    ),
    act(
        "accounts.change_recovery_email",
        lambda actor, cast: change_recovery_email(
            actor, own(cast), email="back@example.ch", current_password=PASSWORD
        ),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.confirm_recovery_email",
        lambda actor, cast: confirm_recovery_email(actor, secret="no such secret"),
        allowed=EVERYBODY,
        fails=LinkGone,
    ),
    act(
        "accounts.change_phone",
        lambda actor, cast: change_phone(actor, own(cast), phone="+41791234567", current_password=PASSWORD),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.confirm_phone",
        lambda actor, cast: confirm_phone(actor, own(cast), secret="no such secret", code="000000"),
        allowed=OWNER_ONLY,
        fails=WrongCode,
    ),
    act(
        "accounts.ask_for_reset_by_recovery",
        lambda actor, cast: ask_for_reset_by_recovery(actor, email="lea@example.ch"),
        allowed=EVERYBODY,
    ),
    act(
        "accounts.issue_reset_to_recovery",
        lambda actor, cast: issue_reset_to_recovery(actor, own(cast)),
        allowed=NOBODY,
    ),
    act(
        "accounts.ask_for_reset_by_phone",
        lambda actor, cast: ask_for_reset_by_phone(actor, email="lea@example.ch"),
        allowed=EVERYBODY,
        fails=NoSmsGateway,
    ),
    act(
        "accounts.enter_reset_code",
        lambda actor, cast: enter_reset_code(actor, secret="no such secret", code="000000"),
        allowed=EVERYBODY,
        fails=WrongCode,
    ),
    act(
        "accounts.ask_for_login",
        lambda actor, cast: ask_for_login(actor, phone="+41791234567"),
        allowed=EVERYBODY,
        fails=NoSmsGateway,
    ),
    act(
        "accounts.enter_login_code",
        lambda actor, cast: enter_login_code(actor, secret="no such secret", code="000000"),
        allowed=EVERYBODY,
        fails=WrongCode,
    ),
    act(
        "accounts.send_login",
        lambda actor, cast: send_login(actor, secret="no such secret", way="sms"),
        allowed=EVERYBODY,
        fails=LinkGone,
    ),
    act(
        "accounts.give_back_login_address",
        lambda actor, cast: give_back_login_address(actor, own(cast), address="ana@acme.example", by="Ana"),
        allowed=NOBODY,
    ),
    act(
        "accounts.release_login_address",
        lambda actor, cast: release_login_address(actor, own(cast), by="Ana"),
        allowed=NOBODY,
    ),
    page("/account/login-address", allowed=SIGNED_IN),
    page("/account/recovery-email", allowed=SIGNED_IN),
    page("/account/recovery-phone", allowed=SIGNED_IN),
    page(
        "/account/recovery-phone/<str:secret>",
        fill=lambda cast: {"secret": code(cast, CodePurpose.CONFIRM)},
        allowed=OWNER_ONLY,
        but=NOT_THERE,
    ),
    page(
        "/account/address/confirm/<str:secret>",
        fill=lambda cast: {"secret": "no-such-secret"},
        allowed=EVERYBODY,
        status=410,
    ),
    page(
        "/account/address/undo/<str:secret>",
        fill=lambda cast: {"secret": waiting(cast).undo_secret()},
        allowed=EVERYBODY,
    ),
    page("/account/new-address", allowed=SIGNED_IN, status=302),
    page(
        "/password/forgotten/recovery-email",
        post={"email": "lea@example.ch"},
        fill=lambda cast: forget_everything() or {},  # type: ignore[func-returns-value]
        allowed=EVERYBODY,
        status=200,
    ),
    page(
        "/password/forgotten/phone",
        post={"email": "lea@example.ch"},
        fill=lambda cast: forget_everything() or {},  # type: ignore[func-returns-value]
        allowed=EVERYBODY,
        status=409,
    ),
    page(
        "/password/code/<str:secret>",
        fill=lambda cast: {"secret": code(cast, CodePurpose.RESET)},
        allowed=EVERYBODY,
    ),
    page("/login/forgotten", allowed=EVERYBODY),
    page(
        "/login/forgotten/<str:secret>",
        fill=lambda cast: {"secret": code(cast, CodePurpose.LOGIN)},
        allowed=EVERYBODY,
    ),
    page("/help/identity", allowed=EVERYBODY, status=302),
    api(
        "PUT",
        "/2/profile/login-address",
        data={"email": "new@example.ch", "current_password": PASSWORD},
        allowed=SIGNED_IN,
    ),
    api(
        "PUT",
        "/2/profile/recovery-email",
        data={"email": "back@example.ch", "current_password": PASSWORD},
        allowed=SIGNED_IN,
    ),
    api(
        "PUT",
        "/2/profile/recovery-phone",
        data={"phone": "+41791234567", "current_password": PASSWORD},
        allowed=SIGNED_IN,
    ),
    api(
        "POST",
        "/2/profile/recovery-phone/confirmation",
        data={"secret": "no such secret", "code": "000000"},
        allowed=SIGNED_IN,
        status=422,
    ),
]
