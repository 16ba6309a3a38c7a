"""The one way to change state."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from django_tasks import task

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.action import (
    ACTIONS,
    NothingRecorded,
    OutsideAction,
    action,
    after_commit,
    dry_run,
    is_dry_run,
    note_cost,
    note_irreversible,
    observed,
    record,
)
from kanton.core.activity import Kind
from kanton.core.actor import Actor, System
from kanton.core.errors import Forbidden, Invalid
from kanton.core.jobs.models import Job
from kanton.core.jobs.testing import run_jobs, waiting_jobs
from kanton.core.money import Money
from kanton.core.outbox import send_mail
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import PUBLIC, SYSTEM
from kanton.organizations.models import Organization
from kanton.organizations.rights import DETAILS_EDIT


class Happened(Kind):
    """What happens in these tests."""

    RENAMED = "core_tests.renamed", "%(actor)s renamed %(target)s to %(name)s"
    NOTED = "core_tests.noted", "%(actor)s noted something"


ran: list[str] = []


@task()
def follow(name: str) -> None:
    """The job that follows."""
    ran.append(name)


@action(right=DETAILS_EDIT)
def rename(actor: Actor, organization: Organization, *, name: str, fail: bool = False) -> str:
    """Rename it. A second sentence."""
    organization.name = name
    organization.save()
    record(actor, Happened.RENAMED, organization, name=name)
    note_cost("Renaming", Money.of("9.90", "CHF"))
    note_irreversible("The old name is gone.")
    after_commit(follow, name)
    send_mail(
        "ana@acme.example", "accounts/registered_again", {"person": Person(), "sign_in": "", "reset": ""}
    )
    if fail:
        raise Invalid(field="name")
    return "old" if is_dry_run() else "new"


@action(right=DETAILS_EDIT)
def rename_twice(actor: Actor, organization: Organization, *, fail: bool = False) -> None:
    """An action that calls actions."""
    rename(actor, organization, name="First")
    rename(actor, organization, name="Second", fail=fail)


@action(right=PUBLIC)
def invite_the_owner_to_rename(actor: Actor, organization: Organization) -> None:
    """An action that anybody may begin, and whose inner action asks again."""
    record(actor, Happened.NOTED, organization)
    rename(actor, organization, name="Through the back door")


@action(right=PUBLIC)
def forget_to_record(actor: Actor, organization: Organization) -> None:
    """An action that tells nobody."""
    organization.name = "Silent"
    organization.save()


@action(right=PUBLIC)
def forget_in_the_inner_one(actor: Actor, organization: Organization) -> None:
    """The outer one recorded, the inner one did not."""
    record(actor, Happened.NOTED, organization)
    forget_to_record(actor, organization)


@action(right=PUBLIC, may_be_silent=True)
def stay_silent(actor: Actor, organization: Organization) -> None:
    """An action that may have nothing to tell."""


@action(right=PUBLIC)
def go_on_without(actor: Actor, organization: Organization) -> int:
    """The inner action fails, the outer one goes on. Returns what is kept before it ends."""
    record(actor, Happened.NOTED, organization)
    with suppress(Invalid):
        rename(actor, organization, name="Undone", fail=True)
    record(actor, Happened.RENAMED, organization, name="Last")
    organization.name = "Later"
    return Activity.objects.count()


@action(right=SYSTEM)
def tick(actor: Actor, organization: Organization) -> None:
    """What only the clock does."""
    record(actor, Happened.NOTED, organization)


# Registered only while these tests run: the tests of all actions must not find them.
MINE = {
    code: ACTIONS.pop(code) for code, spec in list(ACTIONS.items()) if spec.function.__module__ == __name__
}


@pytest.fixture(autouse=True)
def _registered_and_nothing_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    for code, spec in MINE.items():
        monkeypatch.setitem(ACTIONS, code, spec)
    ran.clear()


def name_of(organization: Organization) -> str:
    """The name that is in the database."""
    return Organization.objects.get(pk=organization.pk).name


def moved(organization: Organization) -> tuple[str, int, int]:
    """All that the action could have moved."""
    return (name_of(organization), Activity.objects.count(), Job.objects.count())


def test_an_allowed_action_changes_records_and_follows(
    acme: Organization, owner: Actor, outbox: Outbox
) -> None:
    assert rename(owner, acme, name="New") == "new"
    row = Activity.objects.get()
    assert (name_of(acme), row.kind, row.data["name"]) == ("New", "core_tests.renamed", "New")
    assert row.sentence == "Ana Keller renamed New to New"
    assert ("follow", ["New"]) in [(name.rpartition(".")[2], args) for name, args in waiting_jobs()]
    assert len(outbox) == 1
    run_jobs()
    assert ran == ["New"]


def test_a_forbidden_action_moves_nothing(acme: Organization, member: Actor, outbox: Outbox) -> None:
    with pytest.raises(Forbidden) as refused:
        rename(member, acme, name="New")
    assert moved(acme) == ("Acme", 0, 0) and not outbox
    assert "Ask Ana Keller." in refused.value.sentence


def test_a_failed_action_moves_nothing(acme: Organization, owner: Actor, outbox: Outbox) -> None:
    with pytest.raises(Invalid):
        rename(owner, acme, name="New", fail=True)
    assert moved(acme) == ("Acme", 0, 0) and not outbox


def test_what_is_recorded_is_kept_at_the_end_as_it_was_and_what_failed_is_not(
    acme: Organization, owner: Actor
) -> None:
    """So the head of the chain, which all actions of an organization share, is the last row an action locks."""
    assert go_on_without(owner, acme) == 0
    kept = [(row.position, row.kind, row.data["target"]) for row in Activity.objects.order_by("position")]
    assert kept == [(1, "core_tests.noted", "Acme"), (2, "core_tests.renamed", "Undone")]
    assert name_of(acme) == "Acme"


def test_a_dry_run_tells_everything_and_leaves_nothing(
    acme: Organization, owner: Actor, outbox: Outbox
) -> None:
    effect = dry_run(rename, owner, acme, name="New")
    assert effect.result == "old"
    assert [each.sentence for each in effect.records] == ["Ana Keller renamed New to New"]
    assert effect.costs == [("Renaming", Money(990, "CHF"))]
    assert effect.irreversible == ["The old name is gone."]
    assert [(follow.args, follow.task.rpartition(".")[2]) for follow in effect.jobs] == [(("New",), "follow")]
    assert [to for to, _subject in effect.mails] == ["ana@acme.example"]
    assert moved(acme) == ("Acme", 0, 0) and not outbox
    run_jobs()
    assert not ran


def test_a_dry_run_raises_what_the_action_would(acme: Organization, owner: Actor, member: Actor) -> None:
    with pytest.raises(Invalid):
        dry_run(rename, owner, acme, name="New", fail=True)
    with pytest.raises(Forbidden):
        dry_run(rename, member, acme, name="New")
    assert moved(acme) == ("Acme", 0, 0)
    assert not is_dry_run()
    assert rename(owner, acme, name="New") == "new", "and the next run is a real one"


def test_a_dry_run_collects_what_inner_actions_do(acme: Organization, owner: Actor) -> None:
    effect = dry_run(rename_twice, owner, acme)
    assert len(effect.records) == len(effect.costs) == len(effect.jobs) == 2
    assert moved(acme) == ("Acme", 0, 0)


def test_nothing_recorded_complains_and_rolls_back(acme: Organization, owner: Actor) -> None:
    for silent in (forget_to_record, forget_in_the_inner_one):
        with pytest.raises(NothingRecorded):
            silent(owner, acme)
    assert moved(acme) == ("Acme", 0, 0)
    stay_silent(owner, acme)


def test_nothing_recorded_does_not_stop_a_customer(acme: Organization, owner: Actor, settings: Any) -> None:
    settings.KANTON_STRICT_ACTIONS = False
    forget_to_record(owner, acme)
    assert name_of(acme) == "Silent"


def test_inner_actions_share_the_transaction(acme: Organization, owner: Actor, outbox: Outbox) -> None:
    with pytest.raises(Invalid):
        rename_twice(owner, acme, fail=True)
    assert moved(acme) == ("Acme", 0, 0) and not outbox
    rename_twice(owner, acme)
    assert (name_of(acme), Activity.objects.count()) == ("Second", 2)


def test_inner_actions_ask_again(acme: Organization, member: Actor, owner: Actor) -> None:
    with pytest.raises(Forbidden):
        invite_the_owner_to_rename(member, acme)
    assert moved(acme) == ("Acme", 0, 0)
    invite_the_owner_to_rename(owner, acme)
    assert name_of(acme) == "Through the back door"


def test_only_the_clock_does_what_is_the_clocks(acme: Organization, owner: Actor, staff: Actor) -> None:
    for somebody in (owner, staff):
        with pytest.raises(Forbidden):
            tick(somebody, acme)
    tick(System("renewals"), acme)
    assert Activity.objects.get().actor_label == "renewals"


@pytest.mark.django_db(transaction=True)
def test_a_job_exists_exactly_if_the_change_does() -> None:
    from kanton.testing import acting, make_organization, make_person

    ana = make_person("ana@acme.example", "Ana", "Keller")
    acme = make_organization("Acme", "acme", ana)
    with pytest.raises(RuntimeError), transaction.atomic():
        rename(acting(ana), acme, name="Lost")
        raise RuntimeError("after the action, before the commit")
    assert moved(acme) == ("Acme", 0, 0)
    rename(acting(ana), acme, name="Kept")
    run_jobs()
    assert (name_of(acme), ran) == ("Kept", ["Kept"])


@pytest.mark.parametrize(
    "outside",
    [
        lambda: record(System("x"), Happened.NOTED, None),
        lambda: after_commit(follow, "x"),
        lambda: note_cost("x", Money(1, "CHF")),
        lambda: note_irreversible("x"),
    ],
)
def test_outside_an_action_nothing_is_recorded_or_enqueued(db: None, outside: Callable[[], None]) -> None:
    with pytest.raises(OutsideAction):
        outside()
    assert not Activity.objects.exists() and not Job.objects.exists()


def test_observed_watches_without_changing(acme: Organization, owner: Actor) -> None:
    with observed() as effect:
        rename(owner, acme, name="New")
    assert name_of(acme) == "New" and len(effect.records) == 1
    assert any(name.endswith("follow") for name, _args in waiting_jobs())


def test_the_registry_knows_code_right_and_summary() -> None:
    spec = ACTIONS["core.rename"]
    assert (spec.right, spec.summary) == (DETAILS_EDIT, "Rename it. A second sentence.")
    with pytest.raises(ValueError, match="two actions"):
        action(right=PUBLIC)(rename)


def test_a_unique_key_makes_one_job_of_many(acme: Organization, owner: Actor) -> None:
    @action(right=PUBLIC)
    def touch(actor: Actor, organization: Organization) -> None:
        record(actor, Happened.NOTED, organization)
        after_commit(follow, "once", unique_key="once")

    try:
        for _ in range(3):
            touch(owner, acme)
    finally:
        del ACTIONS["core.touch"]
    run_jobs()
    assert ran == ["once"]


def test_a_later_job_waits(acme: Organization, owner: Actor) -> None:
    from datetime import timedelta

    @action(right=PUBLIC)
    def later(actor: Actor, organization: Organization) -> None:
        record(actor, Happened.NOTED, organization)
        after_commit(follow, "later", run_after=clock.now() + timedelta(hours=1))

    try:
        later(owner, acme)
    finally:
        del ACTIONS["core.later"]
    run_jobs()
    assert not ran
    with clock.travel(clock.now() + timedelta(hours=2)):
        run_jobs()
    assert ran == ["later"]
