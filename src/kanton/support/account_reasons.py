"""The cases about an account: a lost password, login e-mail, second factor, address, and a lock-out (SUP-31)."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from kanton.accounts.access.actions import unlock
from kanton.accounts.access.errors import NotLocked
from kanton.accounts.actions import forget_ways_in
from kanton.accounts.factors.actions import turn_off_after_identity_check
from kanton.accounts.models import OneTimeLink, Person, Purpose
from kanton.config import config
from kanton.core.actor import Actor, System
from kanton.support import emails
from kanton.support.models import IdentityCheck
from kanton.support.reasons import Reason, register


def connect() -> None:
    """Register them."""
    register(
        Reason(
            "password", _("I forgot my password"), accept=_new_password, order=10,
            effect=_("A link to choose a new password goes to the contact address. Second factors stay."),
        ),
        Reason(
            "login", _("I forgot my login e-mail"), accept=_tell_login, order=20,
            effect=_("The login e-mail of the account goes to the contact address."),
        ),
        Reason(
            "second_factor", _("I lost my second factor"), accept=_second_factor_off, order=30,
            wait=timedelta(hours=24),
            effect=_("After 24 hours all second factors are removed, and a link to choose a new password is sent."),
        ),
        Reason(
            "unlock", _("My account is locked"), accept=_unlock, order=40,
            effect=_("The account is unlocked."),
        ),
        Reason(
            "address", _("My login address no longer exists"), accept=_give_back, order=50,
            effect=_("The present user name and a link to choose a new password go to the contact address."),
        ),
    )  # fmt: skip


def _person(case: IdentityCheck) -> Person:
    assert case.person is not None  # a decision asks for the account first
    return case.person


def _new_password(actor: Actor, case: IdentityCheck) -> None:
    person = _person(case)
    emails.new_password(case, person, OneTimeLink.issue(person, Purpose.RESET))


def _tell_login(actor: Actor, case: IdentityCheck) -> None:
    emails.login_told(case, _person(case))


def _second_factor_off(actor: Actor, case: IdentityCheck) -> None:
    person = _person(case)
    turn_off_after_identity_check(System("support"), person)
    forget_ways_in(person)
    _new_password(actor, case)


def _give_back(actor: Actor, case: IdentityCheck) -> None:
    _new_password(actor, case)


def _unlock(actor: Actor, case: IdentityCheck) -> None:
    with contextlib.suppress(NotLocked):  # time, or another way, was faster
        unlock(actor, _person(case), by=config.operator.name)
