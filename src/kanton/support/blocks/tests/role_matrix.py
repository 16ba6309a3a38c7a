"""Only the provider's staff blocks anybody."""

from __future__ import annotations

from typing import Any

from kanton.accounts.models import Person
from kanton.support.actions.codes import renew_support_code
from kanton.support.blocks.actions import ask_for_identity, block_person, lift_block, send_protection_guide
from kanton.support.blocks.models import SecurityBlock
from kanton.testing import acting
from kanton.testing_matrix import SIGNED_IN, STAFF_ONLY, Cast, Line, Who, act, api, page


def person(cast: Cast) -> Person:
    """The external user."""
    return cast.people[Who.EXTERNAL]


def digits(cast: Cast) -> str:
    """The owner's support code."""
    owner = cast.people[Who.OWNER]
    return renew_support_code(acting(owner), owner).digits


def block(cast: Cast) -> SecurityBlock:
    """A block of the external user's access to Acme."""
    found = SecurityBlock.objects.filter(person=person(cast), lifted_at=None).first()
    return found or SecurityBlock.objects.create(person=person(cast), organization=cast.acme, reason="matrix")


def fields(cast: Cast) -> dict[str, Any]:
    """The arguments of a block."""
    return {"digits": digits(cast), "reason": "matrix", "organization": cast.acme}


def whom(cast: Cast) -> dict[str, Any]:
    """The person's number, for pages and the API."""
    return {"number": person(cast).pk, "person": person(cast).pk}


def which(cast: Cast) -> dict[str, Any]:
    """The block's number."""
    return {"number": block(cast).pk, "block": block(cast).pk}


HIDDEN = dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404)

LINES: list[Line] = [
    act("support.block_person", lambda actor, cast: block_person(actor, person(cast), **fields(cast)),
        allowed=STAFF_ONLY),
    act("support.lift_block", lambda actor, cast: lift_block(actor, block(cast), reason="x"), allowed=STAFF_ONLY),
    act("support.ask_for_identity", lambda actor, cast: ask_for_identity(actor, block(cast)), allowed=STAFF_ONLY),
    act("support.send_protection_guide", lambda actor, cast: send_protection_guide(actor, person(cast)),
        allowed=STAFF_ONLY),
    page("/staff/blocks", allowed=STAFF_ONLY, but=HIDDEN),
    page("/staff/blocks/<int:number>", allowed=STAFF_ONLY, but=HIDDEN, fill=which),
    page("/staff/blocks/<int:number>/identity-check", post={}, allowed=STAFF_ONLY, but=HIDDEN, fill=which),
    page("/staff/people/<int:number>/block", allowed=STAFF_ONLY, but=HIDDEN, fill=whom),
    page("/staff/people/<int:number>/guide", post={}, allowed=STAFF_ONLY, but=HIDDEN, fill=whom),
    api("GET", "/2/staff/blocks", allowed=STAFF_ONLY, but=HIDDEN),
    api("GET", "/2/staff/blocks/{block}", allowed=STAFF_ONLY, but=HIDDEN, fill=which),
    api("POST", "/2/staff/blocks/{block}/end", data={"reason": "x"}, allowed=STAFF_ONLY, but=HIDDEN, fill=which),
    api("POST", "/2/staff/blocks/{block}/identity-check", data={}, allowed=STAFF_ONLY, but=HIDDEN, fill=which),
    api("GET", "/2/staff/people/{person}/blocks", allowed=STAFF_ONLY, but=HIDDEN, fill=whom),
    api("POST", "/2/staff/people/{person}/blocks", allowed=STAFF_ONLY, but=HIDDEN, fill=whom, status=422,
        data={"organization": "acme", "support_code": "0", "reason": "x"}),
    api("POST", "/2/staff/people/{person}/security-guide", data={}, allowed=STAFF_ONLY, but=HIDDEN, fill=whom),
]  # fmt: skip
