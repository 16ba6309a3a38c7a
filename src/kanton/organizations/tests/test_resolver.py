"""Rights, decided for any mixture of roles and grants: Hypothesis looks for a hole."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kanton.accounts.models import Person
from kanton.core import standing
from kanton.core.actor import Actor, ActorKind, System, visitor
from kanton.core.errors import Forbidden
from kanton.core.rights import PUBLIC, RIGHTS, SELF, SPECIAL, STAFF, SYSTEM, Right, Role
from kanton.core.standing import Given, Held, SourceKind, what_changes
from kanton.organizations import resolver
from kanton.organizations.actions import change_role
from kanton.organizations.models import Grant, Membership, Organization, Team, TeamMember
from kanton.organizations.queries import Target, require
from kanton.organizations.resolver import CATALOGUE, gives, resources_granted, services_granted
from kanton.organizations.rights import ACCOUNTING, DETAILS_EDIT, MEMBERS_MANAGE
from kanton.testing import acting

ACME, GLOBEX = 1, 2
ORDINARY = sorted((right for right in RIGHTS.values() if right.code not in SPECIAL), key=lambda r: r.code)
GRANTABLE = [right for right in ORDINARY if right.grantable]
SERVICES, RESOURCES = (None, 7, 8), ("", "mailbox:1", "mailbox:2")

rights = st.sampled_from(ORDINARY)
roles = st.sampled_from([Role.COLLABORATOR, Role.EXTERNAL])
every_role = st.sampled_from(list(Role))
grants = st.builds(
    lambda right, service, resource, team: Given(
        right.code, right.product, service, resource if service else "", team
    ),
    st.sampled_from(GRANTABLE),
    st.sampled_from(SERVICES),
    st.sampled_from(RESOURCES),
    st.sampled_from(("", "Web")),
)
holdings = st.lists(grants, max_size=6)
targets = st.builds(Target, st.just(ACME), st.sampled_from(SERVICES), st.sampled_from(RESOURCES))


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is about what is held. Limits, such as locks, read the database and have their own tests."""
    monkeypatch.setattr(resolver, "_limits", [])


def held(role: Role | None, given: list[Given]) -> Held:
    """What they hold in Acme, of which nothing is locked."""
    return Held(role, tuple(given), ACME, CATALOGUE, remembered={"locks": {}})


def holding(role: Role | None, given: list[Given], **fields: object) -> Actor:
    """Somebody of Acme with this role and these grants, without a database."""
    actor = Actor(ActorKind.PERSON, "Somebody", 1, **fields)  # type: ignore[arg-type]
    actor.loaded[ACME] = held(role, given)
    actor.loaded[GLOBEX] = Held(None, (), GLOBEX, CATALOGUE)
    return actor


def test_there_are_rights_to_look_at() -> None:
    assert len(ORDINARY) > 10 and len(GRANTABLE) > 5


@given(roles, holdings, grants, rights, targets)
def test_a_grant_more_never_takes_a_right_away(
    role: Role, given: list[Given], more: Given,
    right: Right, target: Target,
) -> None:  # fmt: skip
    if holding(role, given).has_right(right, target):
        assert holding(role, [*given, more]).has_right(right, target)


@given(roles, holdings, rights, targets)
def test_without_its_sources_a_right_is_gone(
    role: Role, given: list[Given], right: Right, target: Target
) -> None:
    left = [grant for grant in given if not gives(grant[0], right)]
    assume(role not in right.roles)
    assert not holding(role, left).has_right(right, target)


@given(every_role, holdings, rights, targets)
def test_every_yes_has_a_reason_and_no_no_has_one(
    role: Role, given: list[Given], right: Right, target: Target
) -> None:
    decision = holding(role, given).decide(right, target)
    assert bool(decision.because) == decision.allowed
    assert all(str(reason) for reason in decision.because)


@given(every_role, holdings, rights, targets)
def test_the_short_way_decides_the_same(role: Role, given: list[Given], right: Right, target: Target) -> None:
    """`has_right` never makes a decision; it still says what one would say."""
    actor = holding(role, given)
    assert actor.has_right(right, target) == actor.decide(right, target).allowed


@pytest.mark.spec("ORG-74")
@given(roles, holdings, rights, targets)
def test_each_source_named_gives_the_right_alone_and_without_all_it_is_gone(
    role: Role, given: list[Given], right: Right, target: Target
) -> None:
    place = (target.service_id, target.resource)
    sources = held(role, given).sources(right, *place)
    assume(role not in right.roles)
    for source in sources:
        assert source.kind in (SourceKind.DIRECT, SourceKind.TEAM)
        alone = [
            each
            for each in given
            if each.right == source.right and each.team == source.name and each.covers(*place)
        ]
        assert alone and holding(role, alone).has_right(right, target)
    named = {(source.right, source.name) for source in sources}
    left = [each for each in given if (each.right, each.team) not in named]
    assert not holding(role, left).has_right(right, target)


@pytest.mark.spec("ORG-76")
@given(roles, holdings, st.integers(100, 10**9), rights)
def test_future_products_come_along_and_bring_neither_accounting_nor_people(
    role: Role, given: list[Given], later: int, right: Right
) -> None:
    """A service that nobody could know of is covered by "all of the product", and by that alone."""
    of_product = [each for each in given if each.product]
    wide = {
        code
        for each in of_product
        if each.service_id is None
        for code in CATALOGUE.included(each.right)
        if RIGHTS[code].product == each.product
    }
    somebody = holding(role, of_product)
    assert somebody.has_right(right, Target(ACME, later)) == (role in right.roles or right.code in wide)
    for forbidden in (ACCOUNTING, MEMBERS_MANAGE):
        assert not somebody.has_right(forbidden, Target(ACME, later))


@given(roles, holdings, holdings, rights, targets)
def test_the_preview_tells_exactly_what_changes(
    role: Role, before: list[Given], after: list[Given], right: Right, target: Target
) -> None:
    """At each place that it names, and nowhere else among the places that grants name."""
    old, new = held(role, before), held(role, after)
    told = {(each.right, each.service_id, each.resource): each for each in what_changes(old, new)}
    place = (target.service_id, target.resource)
    had, has = old.may(right, *place), new.may(right, *place)
    found = told.get((right.code, *place))
    if found is not None:
        assert {"gained": (False, True), "lost": (True, False), "stays": (True, True)}[found.change] == (
            had,
            has,
        )
    elif any(
        (each.service_id, each.resource) == place and each.right == right.code for each in {*before, *after}
    ):
        assert had == has


@pytest.mark.spec("API-19")
@given(every_role, holdings, rights, targets)
def test_consent_opens_the_door_and_gives_no_right(
    role: Role, given: list[Given], right: Right, target: Target
) -> None:
    assert not holding(None, [], consent=frozenset({ACME})).has_right(right, target)
    helper = holding(role, given, consent=frozenset({GLOBEX}))
    assert not helper.has_right(right, Target(GLOBEX, target.service_id, target.resource))


@pytest.mark.spec("ORG-7")
@given(every_role, holdings, rights, st.sampled_from(SERVICES), st.sampled_from(RESOURCES))
def test_nothing_crosses_to_another_organization(
    role: Role,
    given: list[Given],
    right: Right,
    service: int | None,
    resource: str,
) -> None:
    assert not holding(role, given).has_right(right, Target(GLOBEX, service, resource))


@pytest.mark.spec("API-19")
@given(every_role, holdings, rights, targets, st.frozensets(st.sampled_from(
    sorted({scope for right in ORDINARY for scope in right.scopes} | {"all", "user_info"})
)))  # fmt: skip
def test_scopes_only_narrow(
    role: Role,
    given: list[Given],
    right: Right,
    target: Target,
    scopes: frozenset[str],
) -> None:
    person = holding(role, given)
    token = holding(role, given, scopes=scopes)
    if token.has_right(right, target):
        assert person.has_right(right, target)
        assert "all" in scopes or scopes.intersection(right.scopes)


@given(roles, holdings, rights, st.sampled_from([7, 8]), st.sampled_from(RESOURCES))
def test_lists_and_decisions_agree(
    role: Role, given: list[Given], right: Right, service: int, resource: str
) -> None:
    """What a list shows is what a decision allows: `services_granted` and `resources_granted` say the same."""
    actor = holding(role, given)
    everything, some = services_granted(actor, ACME, right)
    single = resources_granted(actor, ACME, right)
    listed = everything or service in some or (service, resource) in single
    assert listed == actor.has_right(right, Target(ACME, service, resource))


@given(rights, targets)
def test_who_is_no_member_may_nothing(right: Right, target: Target) -> None:
    assert not holding(None, []).has_right(right, target)
    assert not visitor().has_right(right, target)


@given(rights, targets)
@hypothesis_settings(max_examples=30)
def test_owners_and_administrators_reach_every_product(right: Right, target: Target) -> None:
    assert holding(Role.OWNER, []).has_right(right, target)
    if right.product:
        assert holding(Role.ADMINISTRATOR, []).has_right(right, target)


def test_the_special_rights() -> None:
    somebody, me = holding(Role.OWNER, []), Person(pk=1)
    assert somebody.has_right(PUBLIC) and visitor().has_right(PUBLIC)
    assert (
        somebody.has_right(SELF, me)
        and not somebody.has_right(SELF, Person(pk=2))
        and not somebody.has_right(SELF)
    )
    assert not somebody.has_right(SYSTEM) and System("clock").has_right(SYSTEM)
    assert not somebody.has_right(STAFF) and holding(None, [], is_staff=True).has_right(STAFF)
    assert not visitor().has_right(SELF, Person())


@pytest.mark.spec("ORG-39", "ORG-36")
def test_accounting_is_given_to_a_limited_user(acme: Organization, ben: Person) -> None:
    assert not acting(ben).has_right(ACCOUNTING, acme)
    Grant.objects.create(
        organization=acme, membership=Membership.objects.get(person=ben), right=ACCOUNTING.code
    )
    assert acting(ben).has_right(ACCOUNTING, acme)
    assert not acting(ben).has_right(MEMBERS_MANAGE, acme)


@pytest.mark.spec("API-19")
def test_a_lost_right_is_lost_at_the_next_request(acme: Organization, ana: Person, client: object) -> None:
    from django.test import Client

    assert isinstance(client, Client)
    client.force_login(ana)
    assert client.get("/o/acme/people").status_code == 200
    Membership.objects.filter(person=ana).update(role=Role.COLLABORATOR)
    assert client.get("/o/acme/people").status_code == 403
    Membership.objects.all().delete()
    assert client.get("/o/acme/people").status_code == 404


def test_a_suspended_member_is_out_of_this_organization(acme: Organization, ana: Person) -> None:
    from kanton.core import clock

    Membership.objects.filter(person=ana).update(suspended_at=clock.now())
    assert not acting(ana).has_right(DETAILS_EDIT, acme)
    assert not Organization.objects.visible_to(acting(ana)).exists()


@pytest.mark.django_db
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None
)
@given(role=every_role)
def test_one_query_answers_every_right(role: Role, django_assert_num_queries: object) -> None:
    from kanton.testing import make_organization, make_person

    with transaction.atomic():
        owner = make_person("o@acme.example", "O", "O")
        acme = make_organization("Acme", "acme", owner)
        Membership.objects.update(role=role)
        somebody = acting(owner)
        with django_assert_num_queries(1):  # type: ignore[operator]
            for right in ORDINARY:
                somebody.has_right(right, acme)
        transaction.set_rollback(True)


@pytest.mark.spec("ORG-74")
def test_what_comes_from_a_team_says_so_and_goes_with_it(
    acme: Organization, globex: Organization, ben: Person
) -> None:
    """Of two sources each is named; taking one away leaves the other. A team of elsewhere gives nothing here."""
    mine = Membership.objects.get(person=ben)
    team = Team.objects.create(organization=acme, name="Web")
    place = TeamMember.objects.create(team=team, membership=mine)
    Grant.objects.create(organization=acme, team=team, right=ACCOUNTING.code)
    direct = Grant.objects.create(organization=acme, membership=mine, right=ACCOUNTING.code)
    reasons = [str(each) for each in acting(ben).decide(ACCOUNTING, acme).because]
    assert sorted(reasons) == [
        "The team Web has “manage accounting”.",
        "“manage accounting” was granted directly.",
    ]
    direct.delete()
    assert acting(ben).has_right(ACCOUNTING, acme)
    place.delete()
    assert not acting(ben).has_right(ACCOUNTING, acme)
    theirs = Team.objects.create(organization=globex, name="Web")
    TeamMember.objects.create(team=theirs, membership=mine)  # no page can do this
    Grant.objects.create(organization=globex, team=theirs, right=ACCOUNTING.code)
    assert not acting(ben).has_right(ACCOUNTING, acme) and not acting(ben).has_right(ACCOUNTING, globex)
    Grant.objects.update(organization=acme)
    assert not acting(ben).has_right(ACCOUNTING, acme) and not acting(ben).has_right(ACCOUNTING, globex)


@pytest.mark.spec("ORG-58", "ORG-78")
def test_teams_keep_their_rules_in_the_database(acme: Organization, ana: Person, ben: Person) -> None:
    """One name in any spelling, once in a team, each grant given to one side and once."""
    mine = Membership.objects.get(person=ben)
    team = Team.objects.create(organization=acme, name="Büro")
    TeamMember.objects.create(team=team, membership=mine)
    Grant.objects.create(organization=acme, team=team, right=ACCOUNTING.code)
    for refused in (
        lambda: Team.objects.create(organization=acme, name=" BÜRO "),
        lambda: TeamMember.objects.create(team=team, membership=mine),
        lambda: Grant.objects.create(organization=acme, right=ACCOUNTING.code),
        lambda: Grant.objects.create(organization=acme, team=team, membership=mine, right=ACCOUNTING.code),
        lambda: Grant.objects.create(organization=acme, team=team, right=ACCOUNTING.code),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            refused()
    change_role(acting(ana), mine, role=Role.ADMINISTRATOR)
    change_role(acting(ana), mine, role=Role.COLLABORATOR)
    assert not acting(ben).has_right(ACCOUNTING, acme) and not mine.teams.exists()


@pytest.mark.spec("ORG-81")
def test_a_limit_forbids_to_limited_people_what_they_hold(
    acme: Organization, ana: Person, ben: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody else: neither owners nor those who would be refused anyway are asked about."""
    asked = []

    def closed(held: Held, right: Right, target: object) -> str | None:
        asked.append((held.role, right.code))
        return "The books are closed." if right.code == ACCOUNTING.code else None

    resolver.register_limit(closed, concerns=lambda held, right: right.code == ACCOUNTING.code)
    assert acting(ana).has_right(ACCOUNTING, acme) and not acting(ben).has_right(ACCOUNTING, acme)
    assert asked == []
    Grant.objects.create(
        organization=acme, membership=Membership.objects.get(person=ben), right=ACCOUNTING.code
    )
    with pytest.raises(Forbidden) as refusal:
        require(acting(ben), ACCOUNTING, acme)
    assert refusal.value.sentence == "The books are closed. Ask Ana Keller."
    assert asked == [(Role.COLLABORATOR, ACCOUNTING.code)]


def test_the_model_of_rights_stands_alone() -> None:
    """Who reads `core/standing.py` has read all of it: it imports nothing but the language."""
    tree = ast.parse(Path(standing.__file__).read_text())
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
    }
    assert imported and all(name.partition(".")[0] in sys.stdlib_module_names for name in imported)
