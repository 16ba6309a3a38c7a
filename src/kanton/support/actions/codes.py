"""Support codes: shown to their owner, recognized by staff, for help only (SUP-1…8)."""

from __future__ import annotations

import secrets as random
from datetime import timedelta

from django.db import IntegrityError, transaction

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.rights import SELF, STAFF
from kanton.core.secrets import keyed_digest
from kanton.core.throttle import peek, throttle
from kanton.support import emails
from kanton.support.activity import Happened
from kanton.support.models import SupportCode

WRONG_BEFORE_ALARM = 5
WRONG_BEFORE_WALL = 10
HOUR = timedelta(hours=1)


@action(right=SELF)
def renew_support_code(actor: Actor, person: Person) -> SupportCode:
    """A fresh code for a day; the earlier one is void (SUP-6)."""
    SupportCode.objects.filter(person=person).delete()
    while True:
        digits = f"{random.randbelow(10**8):08}"
        try:
            with transaction.atomic():
                code = SupportCode.objects.create(person=person, digits=digits, digest=digest_of(digits))
                break
        except IntegrityError:
            continue
    record(actor, Happened.CODE_ISSUED, code, person=person.display_name)
    return code


@action(right=STAFF)
def look_up_support_code(actor: Actor, *, digits: str) -> Person | None:
    """Whose code this is; it is used up, and its owner sees in the activity who looked. None for a wrong one (SUP-6).

    A wrong code is no error, because its record must stay; the fifth within an hour raises the alarm (SUP-8).
    """
    wrong = f"support-code-wrong:{actor.person_id}"
    peek(wrong, WRONG_BEFORE_WALL, HOUR).or_refuse()
    written = "".join(digit for digit in digits if digit.isdecimal())
    code = (
        SupportCode.objects.select_for_update(of=("self",))
        .select_related("person")
        .filter(digest=digest_of(written), person__is_active=True)
        .first()
    )
    if code is None or not code.is_usable:
        record(actor, Happened.CODE_WRONG, None)
        verdict = throttle(wrong, WRONG_BEFORE_WALL, HOUR)
        if verdict.limit - verdict.remaining == WRONG_BEFORE_ALARM:
            record(actor, Happened.CODE_ALARM, None)
            emails.wrong_codes(actor)
        return None
    code.used_at = clock.now()
    code.save(update_fields=["used_at"])
    record(actor, Happened.CODE_USED, code, person=code.person.display_name)
    return code.person


def digest_of(digits: str) -> str:
    """How a code is found without being readable."""
    return keyed_digest("support-code", digits.encode())
