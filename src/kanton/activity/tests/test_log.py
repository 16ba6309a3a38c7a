"""The chain: an edited, removed, inserted or cut-off row is found, and erasure does not break it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from kanton.accounts.models import Person
from kanton.activity.commands import commands
from kanton.activity.log import chain_of, check, erase_person, seal, verify
from kanton.activity.models import Activity, Chain
from kanton.activity.tasks import check_all_chains
from kanton.core.activity import KINDS, in_words
from kanton.core.actor import Actor
from kanton.core.rights import Role
from kanton.organizations.actions import change_role, edit_details, invite_member
from kanton.organizations.models import Membership, Organization


@pytest.fixture
def chain(acme: Organization, owner: Actor, globex: Organization, stranger: Actor) -> str:
    """Acme's chain with seven rows of real actions, and a chain of Globex beside it."""
    for number in range(6):
        edit_details(owner, acme, details={"city": f"Town {number}"})
    invite_member(owner, acme, email="lea@example.ch")
    edit_details(stranger, globex, details={"city": "Elsewhere"})
    name = chain_of(acme.pk, None)
    assert Activity.objects.filter(chain=name).count() == 7
    assert list(verify()) == []
    return name


def row(chain: str, position: int) -> Activity:
    """One row of the chain."""
    return Activity.objects.get(chain=chain, position=position)


def edit(**values: object) -> Callable[[str], object]:
    """Edit row 3 behind Kanton's back."""
    return lambda chain: Activity.objects.filter(chain=chain, position=3).update(**values)


def insert(chain: str) -> None:
    """Put a row between the others, numbers shifted."""
    for later in Activity.objects.filter(chain=chain, position__gte=4).order_by("-position"):
        Activity.objects.filter(pk=later.pk).update(position=later.position + 1)
    made_up = row(chain, 3)
    made_up.pk, made_up.position = None, 4
    made_up.save(force_insert=True)


def swap(chain: str) -> None:
    """Exchange rows 2 and 3."""
    second, third = row(chain, 2).pk, row(chain, 3).pk
    Activity.objects.filter(pk=second).update(position=999)
    Activity.objects.filter(pk=third).update(position=2)
    Activity.objects.filter(pk=second).update(position=3)


def cut_off_and_move_the_head(chain: str) -> None:
    """Remove the last row and let the head point at the one before, as somebody without the key would."""
    Activity.objects.filter(chain=chain, position=7).delete()
    Chain.objects.filter(name=chain).update(length=6, head=row(chain, 6).digest)


def edit_a_personal_value(chain: str) -> None:
    """Another name for who did it, salt kept."""
    third = row(chain, 3)
    third.personal["actor"][0] = "Eve"
    third.save(update_fields=["personal"])


@pytest.mark.parametrize(
    ("tamper", "position"),
    [
        (edit(kind="organizations.created"), 3),
        (edit(facts={"target": "Other"}), 3),
        (edit(person_id=None), 3),
        (edit(subject_id=77), 3),
        (edit(via="nobody"), 3),
        (edit(service_id=5), 3),
        (edit_a_personal_value, 3),
        (lambda chain: Activity.objects.filter(chain=chain, position=1).delete(), 1),
        (lambda chain: Activity.objects.filter(chain=chain, position=4).delete(), 4),
        (lambda chain: Activity.objects.filter(chain=chain, position=7).delete(), 8 - 1),
        (lambda chain: Activity.objects.filter(chain=chain).delete(), 1),
        (cut_off_and_move_the_head, 6),
        (insert, 4),
        (swap, 2),
        (lambda chain: Chain.objects.filter(name=chain).update(length=6), 6),
        (lambda chain: Chain.objects.filter(name=chain).delete(), 0),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_tampering_is_found_where_it_happened(
    chain: str, tamper: Callable[[str], object], position: int
) -> None:
    tamper(chain)
    findings = list(verify())
    assert findings
    assert {finding.chain for finding in findings} == {chain}, "the other chain is whole"
    assert findings[0].position == position


def test_the_whole_chain_rewritten_without_the_key_is_found(
    chain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody with the database but not the key can compute everything but the seals."""
    from kanton.activity import log
    from kanton.core.secrets import keyed_digest

    monkeypatch.setattr(
        "kanton.activity.log.keyed_digest",
        lambda purpose, message: keyed_digest(f"forged {purpose}", message),
    )
    previous = ""
    for each in Activity.objects.filter(chain=chain).order_by("position"):
        each.facts = {"target": "Nothing happened"}
        each.digest = previous = log.digest(each, previous)
        each.save()
    head = Chain.objects.get(name=chain)
    head.head = previous
    head.seal = seal(head)
    head.save()
    assert not [finding for finding in verify(chain) if "cut off" in finding.problem], (
        "it looks whole with that key"
    )
    monkeypatch.undo()
    assert len(list(verify(chain))) == 8, "the seal and each of seven rows"


def test_writing_goes_on_after_a_check(chain: str, acme: Organization, owner: Actor) -> None:
    assert check(chain) == ""
    edit_details(owner, acme, details={"city": "Later"})
    assert list(verify(chain)) == []
    head = Chain.objects.get(name=chain)
    assert (head.length, head.verified_length) == (8, 7)


def test_the_nightly_check_tells_what_it_found(chain: str, caplog: pytest.LogCaptureFixture) -> None:
    check_all_chains.call()
    assert {c.verified_problem for c in Chain.objects.all()} == {""}
    edit(via="x")(chain)
    check_all_chains.call()
    assert "row 3" in Chain.objects.get(name=chain).verified_problem
    assert "The activity log was altered" in caplog.text


def test_erasing_who_did_it_blanks_them_and_keeps_the_chain(
    chain: str, ana: Person, acme: Organization
) -> None:
    assert erase_person(ana.pk) == 7
    assert list(verify()) == []
    rows = list(Activity.objects.filter(chain=chain).order_by("position"))
    assert {row.actor_label for row in rows} == {"…"}
    kept = "".join(f"{row.personal}{row.facts}{row.search}" for row in rows)
    assert "Ana" not in kept and "keller" not in kept.lower()
    assert "lea@example.ch" in kept, "who was invited is not erased with who invited"
    assert rows[0].sentence == "… changed the details of Acme"


def test_erasing_whom_it_was_done_to_blanks_only_them(acme: Organization, owner: Actor, ben: Person) -> None:
    change_role(owner, Membership.objects.get(person=ben), role=Role.EXTERNAL)
    assert erase_person(ben.pk) == 1
    row = Activity.objects.get()
    assert row.sentence == "Ana Keller changed the role of … to External user"
    assert "ben" not in f"{row.personal}{row.search}".lower()
    assert list(verify()) == []


def test_an_erased_value_cannot_be_replaced(chain: str, ana: Person) -> None:
    erase_person(ana.pk)
    third = row(chain, 3)
    third.personal["actor"] = ["Eve", "00", third.personal["actor"][2]]
    third.save(update_fields=["personal"])
    assert [finding.position for finding in verify(chain)] == [3]


def test_the_command_says_what_is_whole_and_what_is_not(chain: str) -> None:
    whole = CliRunner().invoke(commands, ["verify"])
    assert (whole.exit_code, whole.output) == (0, "2 chains with 8 rows are intact.\n")
    edit(kind="x")(chain)
    broken = CliRunner().invoke(commands, ["verify", chain])
    assert broken.exit_code == 1
    assert f"{chain} row 3" in broken.output
    assert CliRunner().invoke(commands, ["verify", "organization:0"]).exit_code == 1


def test_every_kind_has_a_sentence_that_reads_without_its_data() -> None:
    assert len(KINDS) > 20
    for kind in KINDS.values():
        assert str(kind.sentence) % in_words({})


def test_a_kind_that_is_gone_still_shows(chain: str) -> None:
    edited = row(chain, 1)
    edited.kind = "gone.product"
    assert edited.sentence == "Ana Keller: gone.product"


def test_a_rolled_back_action_leaves_no_row(acme: Organization, owner: Actor, chain: str) -> None:
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        edit_details(owner, acme, details={"city": "Nowhere"})
        raise RuntimeError
    assert list(verify()) == []
    assert Activity.objects.filter(chain=chain).count() == 7
