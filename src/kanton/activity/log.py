"""Keeping and verifying the log."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from django.db import transaction
from django.db.models import Q

from kanton.activity.models import Activity, Chain
from kanton.core import clock
from kanton.core.action import keep_recorded
from kanton.core.activity import Recorded
from kanton.core.bulk import Many, insert_rows, update_rows
from kanton.core.secrets import keyed_digest

_PERSONAL_ALWAYS = ("actor", "ip")
_as_text = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


def note_down(recorded: Recorded) -> SimpleNamespace:
    """The row of a record, still without its place in a chain."""
    return SimpleNamespace(**_fields_of(recorded))


def keep(rows: Sequence[SimpleNamespace]) -> int:
    """Append rows, each to its chain, with as few statements as for one; returns how many.

    Runs in the action's transaction; the heads of the chains are the locks, taken in the order of their names, so two
    that keep never block each other.
    """
    if len(rows) == 1:
        return _keep_one(Activity(**vars(rows[0])))
    heads = _heads({row.chain for row in rows})
    for row in rows:
        _append(row, heads[row.chain], seals=False)
    for head in heads.values():
        head.seal = seal(head)
    columns = [field.name for field in Activity._meta.concrete_fields if field.name != "id"]
    same = {name: value for name in columns if _is_plain(value := getattr(rows[0], name))}
    same = {name: value for name, value in same.items() if all(getattr(row, name) == value for row in rows)}
    own = [name for name in columns if name not in same]
    insert_rows(Activity, own, map(attrgetter(*own), rows), same=same)
    update_rows(
        Chain,
        ["length", "head", "seal"],
        [(head.name, head.length, head.head, head.seal) for head in heads.values()],
    )
    return len(rows)


def _keep_one(row: Activity) -> int:
    head = _head(row.chain)
    _append(row, head)
    row.save(force_insert=True)
    head.save(update_fields=["length", "head", "seal"])
    return 1


def _heads(names: set[str]) -> dict[str, SimpleNamespace]:
    """The heads of these chains, locked in order; missing ones are begun before anything is locked."""
    wanted = Many(sorted(names))
    known = set(Chain.objects.filter(name__among=wanted).values_list("name", flat=True))
    if len(known) < len(wanted):
        missing = [Chain(name=name) for name in wanted.values if name not in known]
        Chain.objects.bulk_create(missing, ignore_conflicts=True)
    found = Chain.objects.select_for_update().filter(name__among=wanted).order_by("name")
    return {
        name: SimpleNamespace(name=name, length=length, head=head)
        for name, length, head in found.values_list("name", "length", "head")
    }


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int)


def _append(row: Any, head: Any, *, seals: bool = True) -> None:
    """Link the row to the end of its locked chain."""
    row.position = head.length + 1
    row.digest = digest(row, head.head)
    head.length, head.head = row.position, row.digest
    if seals:
        head.seal = seal(head)


def _fields_of(recorded: Recorded) -> dict[str, Any]:
    actor, target = recorded.actor, recorded.target
    organization_id = getattr(target, "organization_id", None)
    values = {"actor": actor.label, "target": recorded.target_label, "ip": actor.ip} | recorded.data
    personal_names = {*_PERSONAL_ALWAYS, *recorded.kind.personal}
    personal = {name: _sealed(value) for name, value in values.items() if name in personal_names and value}
    subject_id = getattr(target, "person_id", None)
    facts = {name: value for name, value in values.items() if name not in personal}
    if not all(map(_is_plain, facts.values())):
        facts = json.loads(json.dumps(facts, default=str))
    return {
        "chain": chain_of(organization_id, subject_id or actor.person_id),
        "at": clock.now(),
        "kind": recorded.kind.code,
        "organization_id": organization_id,
        "service_id": getattr(target, "service_id", None),
        "product": getattr(target, "product_code", "") or "",
        "person_id": actor.person_id,
        "subject_id": subject_id,
        "actor_kind": actor.kind.value,
        "via": actor.via[:80],
        "target_type": type(target).__name__ if target is not None else "",
        "target_id": str(getattr(target, "pk", "") or "")[:40],
        "facts": facts,
        "personal": personal,
        "search": _search_text(values),
    }


def _head(chain: str) -> Chain:
    """The chain's head, locked until the transaction ends, so that rows of one chain are written one by one."""
    heads = Chain.objects.select_for_update()
    head = heads.filter(name=chain).first()
    if head is None:
        Chain.objects.get_or_create(name=chain)
        head = heads.get(name=chain)
    return head


def _search_text(values: dict[str, Any]) -> str:
    return " ".join(str(value) for value in values.values() if isinstance(value, str | int))[:2000].lower()


def chain_of(organization_id: int | None, person_id: int | None) -> str:
    """The chain a record belongs to."""
    if organization_id is not None:
        return f"organization:{organization_id}"
    return f"person:{person_id}" if person_id is not None else "system"


def digest(row: Any, previous: str) -> str:
    """The row's link in the chain: keyed, over everything but the personal values, of which it covers the digests."""
    content = [
        previous, row.chain, row.position, row.at.isoformat(), row.kind, row.organization_id, row.service_id,
        row.product, row.person_id, row.subject_id, row.actor_kind, row.via, row.target_type, row.target_id, row.facts,
        {name: kept[2] for name, kept in row.personal.items()},
    ]  # fmt: skip
    return keyed_digest("activity", _as_text(content).encode())


def seal(chain: Any) -> str:
    """The signature of a head."""
    return keyed_digest("activity-head", f"{chain.name}|{chain.length}|{chain.head}".encode())


@dataclass(frozen=True, slots=True)
class Finding:
    """One break of a chain, and where."""

    chain: str
    position: int
    problem: str

    def __str__(self) -> str:
        return f"{self.chain} row {self.position}: {self.problem}"


def verify(chain: str | None = None) -> Iterator[Finding]:
    """Every edited, removed, inserted or cut-off row of the chains (all of them when none is named)."""
    heads = Chain.objects.order_by("name") if chain is None else Chain.objects.filter(name=chain)
    for head in heads.iterator():
        yield from _verify_chain(head)
    orphans = Activity.objects.exclude(chain__in=Chain.objects.values("name"))
    for name in orphans.order_by("chain").values_list("chain", flat=True).distinct():
        if chain is None or chain == name:
            yield Finding(name, 0, "the head of this chain was removed")


def _verify_chain(head: Chain) -> Iterator[Finding]:
    if head.seal != seal(head):
        yield Finding(head.name, head.length, "the head was edited")
    previous, expected = "", 1
    for row in Activity.objects.filter(chain=head.name).order_by("position").iterator(chunk_size=2000):
        if row.position != expected:
            yield Finding(head.name, expected, f"{row.position - expected} row(s) were removed")
        if row.digest != digest(row, previous) or not _personal_holds(row):
            yield Finding(
                head.name, row.position, "the row was edited, or the row before it is not the original"
            )
        previous, expected = row.digest, row.position + 1
    if expected - 1 != head.length or previous != head.head:
        yield Finding(
            head.name,
            expected,
            f"the end was cut off: {head.length} rows sealed, {expected - 1} found",
        )


def check(chain: str) -> str:
    """Verify one chain and remember when and with what result; returns the first problem, or ""."""
    problem = next((str(finding) for finding in verify(chain)), "")
    length = Activity.objects.filter(chain=chain).count()
    Chain.objects.filter(name=chain).update(
        verified_at=clock.now(), verified_length=length, verified_problem=problem[:300]
    )
    return problem


def erase_person(person_id: int) -> int:
    """Blank this person's name and address in what they did, and all personal values in what was done to them.

    The chains still verify. Returns how many rows changed.
    """
    changed = 0
    keep_recorded()  # what the running action has told of them so far
    with transaction.atomic():
        rows = Activity.objects.select_for_update().filter(Q(person_id=person_id) | Q(subject_id=person_id))
        for row in rows.order_by("pk").iterator():
            of_actor = set(_PERSONAL_ALWAYS) if row.person_id == person_id else set()
            of_subject = set(row.personal) - set(_PERSONAL_ALWAYS) if row.subject_id == person_id else set()
            erased = of_actor | of_subject
            row.personal = {
                name: [None, None, kept[2]] if name in erased else kept for name, kept in row.personal.items()
            }
            left = {name: kept[0] for name, kept in row.personal.items()}
            row.search = _search_text(left | row.facts)
            row.save(update_fields=["personal", "search"])
            changed += 1
    return changed


def _sealed(value: Any) -> list[Any]:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    salt = secrets.token_hex(8)
    return [text, salt, _personal_digest(text, salt)]


def _personal_digest(text: str, salt: str) -> str:
    return keyed_digest("activity-personal", f"{salt}|{text}".encode())[:32]


def _personal_holds(row: Activity) -> bool:
    return all(
        kept[0] is None or kept[2] == _personal_digest(kept[0], kept[1]) for kept in row.personal.values()
    )
