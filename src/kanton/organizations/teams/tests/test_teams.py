"""Teams: what they open, who is in them, and what ends with them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanton.accounts.models import ApiToken, Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.action import dry_run
from kanton.core.actor import Actor, System
from kanton.core.errors import Forbidden, NotFound
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.core.secrets import new_token, token_hash
from kanton.organizations.actions import (
    accept_invitation,
    change_access,
    change_role,
)
from kanton.organizations.departure.actions import remove_member
from kanton.organizations.errors import UnknownRight
from kanton.organizations.models import Grant, Membership, Organization, Team, TeamMember
from kanton.organizations.rights import ACCOUNTING
from kanton.organizations.teams import actions
from kanton.organizations.teams.actions import (
    add_to_team,
    change_team_access,
    change_teams,
    create_team,
    delete_team,
    edit_team,
    follow_provider,
    remove_from_team,
    restore_team,
)
from kanton.organizations.teams.errors import TeamNameMissing, TeamNameTaken
from kanton.organizations.teams.models import DeletedTeam
from kanton.organizations.teams.queries import losses
from kanton.organizations.teams.tasks import forget_old_teams
from kanton.products.mail.rights import MANAGE, USE
from kanton.products.models import Service
from kanton.testing import acting, make_person


def mail_service(organization: Organization, name: str = "acme.example") -> Service:
    """A mail service, as billing would have made it."""
    return Service.objects.create(
        organization=organization, product="mail", plan="basic", name=name, starts_on=date(2026, 1, 1),
        order_line=f"test {name}",
    )  # fmt: skip


def membership(person: Person) -> Membership:
    """The person's only membership."""
    return Membership.objects.select_related("person", "organization").get(person=person)


@pytest.fixture
def browser(client: Client, ana: Person, acme: Organization) -> Client:
    """Ana's browser."""
    client.force_login(ana)
    return client


@pytest.fixture
def service(acme: Organization) -> Service:
    """Acme's mail service."""
    return mail_service(acme)


@pytest.fixture
def web(owner: Actor, acme: Organization, service: Service) -> Team:
    """The team Web, which uses the mail service and keeps the accounts."""
    grants: list[dict[str, Any]] = [
        {"right": USE.code, "service_id": service.pk},
        {"right": ACCOUNTING.code},
    ]
    return create_team(owner, acme, name="Web", grants=grants)


@pytest.mark.spec("ORG-78")
def test_a_team_is_made_on_its_page_and_opens_the_mail_product_to_whoever_joins(
    browser: Client, ben: Person, acme: Organization, service: Service, outbox: Outbox
) -> None:
    form = {"name": " Web  team ", "description": "Sites", "grant": [f"mail.use|{service.pk}|"]}
    preview = browser.post("/o/acme/teams/new", form | {"_preview": "1"}, headers={"HX-Request": "true"})
    assert "created the team Web team" in preview.content.decode() and not Team.objects.exists()
    answer = browser.post("/o/acme/teams/new", form)
    team = Team.objects.get()
    assert (team.name, answer["Location"]) == ("Web team", f"/o/acme/teams/{team.pk}/add")
    ben_browser = Client()
    ben_browser.force_login(ben)
    page = f"/o/acme/mail/{service.pk}"
    assert ben_browser.get(page).status_code == 404
    candidates = browser.get(f"/o/acme/teams/{team.pk}/add").content.decode()
    assert "Ben Moser" in candidates and "Ana Keller" in candidates
    assert browser.post(f"/o/acme/teams/{team.pk}/add", {"selected": [membership(ben).pk]}).status_code == 303
    assert acting(ben).has_right(USE, service) and not acting(ben).has_right(MANAGE, service)
    assert [(mail.template, mail.to) for mail in outbox] == [("teams/joined", [ben.email])]
    assert "Mail services" in outbox[0].text
    why = browser.get(f"/o/acme/people/{membership(ben).pk}/why").content.decode()
    assert "The team Web team has" in why
    shown = browser.get(f"/o/acme/teams/{team.pk}").content.decode()
    assert "Ben Moser" in shown and "Ana Keller" not in shown.split("<main")[1] and "acme.example" in shown
    listed = browser.get("/o/acme/teams").content.decode()
    assert "Web team" in listed and "Sites" in listed and "Mail services" in listed
    assert "Ben Moser" not in browser.get(f"/o/acme/teams/{team.pk}/add").content.decode()


@pytest.mark.spec("ORG-44", "ORG-78")
@pytest.mark.parametrize("role", [Role.COLLABORATOR, Role.EXTERNAL])
def test_whoever_is_invited_into_a_team_has_everything_with_the_first_click(
    browser: Client, web: Team, zoe: Person, service: Service, outbox: Outbox, role: Role
) -> None:
    gone = create_team(acting(web.organization.memberships.get().person), web.organization, name="Soon gone")
    form = {"email": zoe.email, "role": role, "team": [web.pk, gone.pk]}
    assert "Web" in browser.get("/o/acme/people/invite").content.decode()
    assert browser.post("/o/acme/people/invite", form).status_code == 303
    gone.delete()
    accept_invitation(acting(zoe), zoe, secret=outbox[-1].link.rsplit("/", 1)[1])
    assert acting(zoe).has_right(USE, service) and acting(zoe).has_right(ACCOUNTING, web.organization)
    assert [team.name for team in Team.objects.filter(members__person=zoe)] == ["Web"]
    assert browser.post("/o/acme/people/invite", form | {"email": "x@example.ch"}).status_code == 422


@pytest.mark.spec("ORG-79")
def test_leaving_a_team_takes_only_what_came_from_it_and_the_page_says_first_who_loses_what(
    browser: Client, owner: Actor, web: Team, ana: Person, ben: Person, service: Service, outbox: Outbox
) -> None:
    lea = make_person("lea@acme.example", "Lea", "Roth")
    Membership.objects.create(organization=web.organization, person=lea, role=Role.EXTERNAL)
    add_to_team(owner, web, memberships=[membership(ben), membership(lea), membership(ana)])
    change_access(
        owner, membership(ben), grants=[{"right": MANAGE.code}]
    )  # includes to use every mail service
    found = [(loss.membership.person.first_name, loss.lost) for loss in losses(web, Membership.objects.all())]
    assert found == [
        ("Ben", ("manage accounting (Organization)",)),
        (
            "Lea",
            ("read the mail of an address (Mail services: acme.example)", "manage accounting (Organization)"),
        ),
    ]
    effect = dry_run(remove_from_team, owner, web, memberships=[membership(ben), membership(ana)])
    assert len(effect.notes) == 1 and effect.notes[0].startswith("Ben Moser loses: manage accounting")
    path = f"/o/acme/teams/{web.pk}/remove"
    chosen = {"selected": [membership(ben).pk, membership(ana).pk]}
    page = browser.post(path, chosen).content.decode()
    assert "Ben Moser" in page and "manage accounting" in page and "use" in page
    assert web.team_members.count() == 3, "looking takes nothing"
    sent = len(outbox)
    assert browser.post(path, chosen | {"sure": "1"}).status_code == 303
    assert [mail.to[0] for mail in outbox[sent:]] == [ben.email], "an owner had nothing from it"
    assert acting(ben).has_right(USE, service) and not acting(ben).has_right(ACCOUNTING, web.organization)
    assert acting(lea).has_right(ACCOUNTING, web.organization) and acting(ana).has_right(MANAGE, service)
    assert browser.post(path, {"selected": [membership(ben).pk]})["Location"] == f"/o/acme/teams/{web.pk}"


@pytest.mark.spec("ORG-79")
def test_a_deleted_team_gives_nothing_and_comes_back_as_it_was(
    browser: Client, owner: Actor, web: Team, ben: Person, zoe: Person, service: Service, acme: Organization
) -> None:
    Membership.objects.create(organization=acme, person=zoe, role=Role.EXTERNAL)
    ours = Membership.objects.get(person=zoe, organization=acme)
    add_to_team(owner, web, memberships=[membership(ben), ours])
    number = web.pk
    page = browser.get(f"/o/acme/teams/{number}/delete").content.decode()
    assert "Ben Moser" in page and "Zoe Weber" in page and "manage accounting" in page
    answer = browser.post(f"/o/acme/teams/{number}/delete")
    assert answer["Location"] == "/o/acme/teams" and not Team.objects.exists()
    assert not Grant.objects.exists() and not acting(ben).has_right(USE, service)
    listed = browser.get("/o/acme/teams").content.decode()
    assert f"/o/acme/teams/{number}/restore" in listed and "You can bring it back" in listed
    remove_member(owner, ours)
    Service.objects.filter(pk=service.pk).delete()
    other = mail_service(acme)
    assert browser.post(f"/o/acme/teams/{number}/restore").status_code == 303
    back = Team.objects.get()
    assert (back.pk, back.name) == (number, "Web") and [one.person for one in back.members.all()] == [ben]
    assert acting(ben).has_right(ACCOUNTING, acme)
    assert not acting(ben).has_right(USE, other), "no right on what was cancelled revives (ORG-77)"
    assert not DeletedTeam.objects.exists()
    assert browser.post(f"/o/acme/teams/{number}/restore").status_code == 404
    assert [row.kind for row in Activity.objects.filter(kind__startswith="teams.").order_by("pk")] == [
        "teams.created", "teams.joined", "teams.joined", "teams.deleted", "teams.restored",
    ]  # fmt: skip


def test_a_name_is_used_once_even_after_a_restore_and_old_ones_are_forgotten(
    owner: Actor, acme: Organization, globex: Organization, zoe: Person, web: Team
) -> None:
    for wrong, error in (("wEB", TeamNameTaken), (" \t", TeamNameMissing)):
        with pytest.raises(error):
            create_team(owner, acme, name=wrong)
    other = create_team(owner, acme, name="Büro")
    with pytest.raises(TeamNameTaken):
        edit_team(owner, other, name="WEB")
    create_team(acting(zoe), globex, name="Web")
    kept = delete_team(owner, web)
    edit_team(owner, Team.objects.get(name="Büro"), name="Web")
    with pytest.raises(TeamNameTaken):
        restore_team(owner, kept)
    assert acme.teams.count() == 1 and DeletedTeam.objects.count() == 1
    with clock.travel(clock.now() + timedelta(days=29)):
        forget_old_teams.call()
        assert DeletedTeam.objects.exists()
    with clock.travel(clock.now() + timedelta(days=31)):
        forget_old_teams.call()
    assert not DeletedTeam.objects.exists()


@pytest.mark.spec("ORG-7", "ORG-78")
def test_no_team_reaches_into_another_organization(
    owner: Actor, member: Actor, web: Team, ben: Person, zoe: Person, globex: Organization
) -> None:
    foreign = membership(zoe)
    with pytest.raises(NotFound):
        add_to_team(owner, web, memberships=[foreign])
    with pytest.raises(UnknownRight):
        theirs = mail_service(globex, "globex.example")
        change_team_access(owner, web, grants=[{"right": USE.code, "service_id": theirs.pk}])
    for refused in (
        lambda: create_team(member, web.organization, name="Mine"),
        lambda: add_to_team(member, web, memberships=[membership(ben)]),
        lambda: delete_team(acting(zoe), web),
        lambda: change_teams(acting(zoe), foreign, teams=[web]),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert not TeamMember.objects.exists() and Team.objects.count() == 1 and web.grants.count() == 2
    zoes = Client()
    zoes.force_login(zoe)
    assert zoes.get(f"/o/globex/teams/{web.pk}").status_code == 404


def test_what_a_team_opens_and_who_is_in_it_change_for_everybody_at_once(
    browser: Client, owner: Actor, web: Team, ben: Person, service: Service, outbox: Outbox
) -> None:
    number = membership(ben).pk
    sales = create_team(owner, web.organization, name="Sales")
    assert browser.post(f"/o/acme/people/{number}/teams", {"teams": [web.pk, sales.pk]}).status_code == 303
    assert {team.name for team in membership(ben).teams.all()} == {"Web", "Sales"}
    shown = browser.get(f"/o/acme/teams/{web.pk}/access").content.decode()
    assert f'value="mail.use|{service.pk}|" checked' in shown
    sent = len(outbox)
    assert browser.post(f"/o/acme/teams/{web.pk}/access", {"grant": ["mail.manage||"]}).status_code == 303
    assert acting(ben).has_right(MANAGE, service) and not acting(ben).has_right(ACCOUNTING, web.organization)
    assert [(mail.template, mail.to[0]) for mail in outbox[sent:]] == [("teams/access_changed", ben.email)]
    browser.post(f"/o/acme/people/{number}/teams", {"teams": [sales.pk]})
    assert not acting(ben).has_right(USE, service)
    people = {"selected": [number], "team": web.pk}
    assert "Sales" in browser.post("/o/acme/teams/choose", {"selected": [number]}).content.decode()
    assert browser.post("/o/acme/teams/choose", people)["Location"] == "/o/acme/people"
    assert acting(ben).has_right(MANAGE, service)
    assert (
        "all in the team Web already"
        in browser.post("/o/acme/teams/choose", people, follow=True).content.decode()
    )
    change_role(owner, membership(ben), role=Role.ADMINISTRATOR)
    change_role(owner, membership(ben), role=Role.COLLABORATOR)
    assert not membership(ben).teams.exists(), "a former administrator starts with nothing (ORG-58)"


@pytest.mark.spec("ORG-78", "ORG-79")
@given(st.lists(st.sets(st.sampled_from("abcd")), min_size=2, max_size=2), st.sets(st.sampled_from("abcd")))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_told_as_lost_is_exactly_what_is_lost(
    acme: Organization, owner: Actor, ben: Person, opened: list[set[str]], own: set[str]
) -> None:
    services = {name: mail_service(acme, f"{name}-{Service.objects.count()}.example") for name in "abcd"}

    def grants(names: set[str]) -> list[dict[str, object]]:
        return [{"right": USE.code, "service_id": services[name].pk} for name in sorted(names)]

    teams = [
        create_team(owner, acme, name=f"T{Team.objects.count()}{place}", grants=grants(names))
        for place, names in enumerate(opened)
    ]
    change_access(owner, membership(ben), grants=grants(own))
    change_teams(owner, membership(ben), teams=teams)

    def allowed() -> set[str]:
        actor = acting(ben)
        return {name for name, one in services.items() if actor.has_right(USE, one)}

    before = allowed()
    assert before == opened[0] | opened[1] | own
    told = sum(len(loss.lost) for loss in losses(teams[0], [membership(ben)]))
    delete_team(owner, teams[0])
    assert len(before - allowed()) == told and allowed() == opened[1] | own
    change_teams(owner, membership(ben), teams=[])
    assert allowed() == own


def test_the_pages_cost_the_same_for_a_few_and_for_many(browser: Client, owner: Actor, web: Team) -> None:
    acme = web.organization

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(path).status_code == 200
        return len(seen)

    def add(first: int, last: int) -> None:
        people = Person.objects.bulk_create(
            Person(email=f"p{n}@x.example", email_key=f"p{n}@x.example", last_name=f"{n:04}")
            for n in range(first, last)
        )
        new = Membership.objects.bulk_create(
            Membership(organization=acme, person=person, role=Role.COLLABORATOR) for person in people
        )
        TeamMember.objects.bulk_create(TeamMember(team=web, membership=one) for one in new)
        for n in range(first, first + 5):
            team = create_team(owner, acme, name=f"Team {n}", grants=[{"right": USE.code}])
            TeamMember.objects.bulk_create(TeamMember(team=team, membership=one) for one in new[:3])

    paths = ["/o/acme/teams", f"/o/acme/teams/{web.pk}", f"/o/acme/teams/{web.pk}/delete", "/o/acme/people"]
    add(0, 5)
    for path in paths:
        queries(path)
    few = [queries(path) for path in paths]
    add(10, 45)
    assert [queries(path) for path in paths] == few


def test_a_team_of_many_is_told_by_jobs_and_nobody_twice(
    owner: Actor, web: Team, ana: Person, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "TOLD_AT_ONCE", 2)
    people = [make_person(f"p{n}@x.example", "P", f"{n}") for n in range(5)]
    new = [
        Membership.objects.create(organization=web.organization, person=person, role=Role.COLLABORATOR)
        for person in people
    ]
    add_to_team(owner, web, memberships=[*new, membership(ana)])
    assert not outbox
    run_jobs()
    assert [(mail.template, mail.to[0]) for mail in outbox] == [
        ("teams/joined", person.email) for person in people
    ]
    assert "Mail services" in outbox[0].text
    kept = delete_team(owner, web)
    run_jobs()
    restore_team(owner, kept)
    run_jobs()
    assert [mail.template for mail in outbox[5:]] == 5 * ["teams/left"] + 5 * ["teams/joined"]


def test_a_team_of_many_goes_and_comes_back_in_as_many_statements_as_one_of_few(
    browser: Client, owner: Actor, web: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "TOLD_AT_ONCE", 0)
    monkeypatch.setattr(actions, "_tell", lambda *_args, **_more: None)  # by jobs of fifty, tested above

    def statements(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert browser.post(path).status_code == 303
        return len(seen)

    def costs() -> tuple[int, int]:
        gone = statements(f"/o/acme/teams/{web.pk}/delete")
        return gone, statements(f"/o/acme/teams/{web.pk}/restore")

    def add(first: int, last: int) -> list[Membership]:
        people = Person.objects.bulk_create(
            Person(email=f"p{n}@x.example", email_key=f"p{n}@x.example") for n in range(first, last)
        )
        new = Membership.objects.bulk_create(
            Membership(organization=web.organization, person=person, role=Role.COLLABORATOR)
            for person in people
        )
        add_to_team(owner, web, memberships=new)
        return new

    add(0, 2)
    costs()
    few = costs()
    new = add(10, 150)
    inside = set(web.team_members.values_list("membership_id", flat=True))
    assert len(inside) == 142 and costs() == few
    assert set(web.team_members.values_list("membership_id", flat=True)) == inside
    assert acting(new[-1].person).has_right(ACCOUNTING, web.organization)
    kept = delete_team(owner, web)
    with pytest.raises(NotFound):
        delete_team(owner, Team(pk=kept.number, organization=web.organization, name="Web"))
    assert not acting(new[-1].person).has_right(ACCOUNTING, web.organization)


def test_what_single_sign_on_gave_it_takes_and_nothing_else(
    browser: Client, owner: Actor, web: Team, ben: Person, ana: Person
) -> None:
    sales = create_team(owner, web.organization, name="Sales")
    mine, system = membership(ben), System("sso")

    def teams() -> list[tuple[str, bool]]:
        return list(mine.team_members.order_by("team__name").values_list("team__name", "by_provider"))

    in_the_menu = browser.get("/o/acme/teams").content.decode().count("Single sign-on")
    add_to_team(owner, web, memberships=[mine])
    follow_provider(system, mine, names=["web", "SALES", "Unknown"])
    assert teams() == [("Sales", True), ("Web", False)], "who was in by hand stays in by hand"
    shown = {name: browser.get(f"/o/acme/teams/{one.pk}").content.decode() for name, one in
             (("Web", web), ("Sales", sales))}  # fmt: skip
    assert [(page.count("Single sign-on"), page.count("A person")) for page in shown.values()] == [
        (in_the_menu, 1),
        (in_the_menu + 1, 0),
    ]
    restore_team(owner, delete_team(owner, sales))
    assert teams() == [("Sales", True), ("Web", False)]
    follow_provider(system, mine, names=[])
    assert teams() == [("Web", False)]
    follow_provider(system, mine, names=["Sales"])
    add_to_team(owner, sales, memberships=[mine])
    follow_provider(system, mine, names=[])
    assert teams() == [("Sales", False), ("Web", False)], "somebody wanted them in"
    follow_provider(system, membership(ana), names=["Sales"])
    remove_from_team(owner, sales, memberships=[membership(ana), mine])
    assert teams() == [("Web", False)] and not membership(ana).teams.exists()


def test_programs_manage_teams_in_the_shapes_they_know(
    client: Client, owner: Actor, ana: Person, ben: Person, zoe: Person, web: Team, service: Service
) -> None:
    secret = new_token()
    ApiToken.objects.create(person=ana, name="t", digest=token_hash(secret), hint=secret[:4], scopes=["all"])
    base = f"/1/accounts/{web.organization_id}/teams"

    def call(method: str, path: str = "", **data: object) -> tuple[int, Any]:
        more = {"data": data, "content_type": "application/json"} if data else {}
        answer = getattr(client, method)(base + path, headers={"Authorization": f"Bearer {secret}"}, **more)
        body = answer.json()
        return answer.status_code, body.get("data", body)

    status, made = call("post", name="Mail", permissions={"services": []}, grants=[{"right": "mail.manage"}])
    assert status == 201
    assert made["name"] == "Mail" and made["grants"] == [
        {"right": "mail.manage", "service_id": None, "resource": ""}
    ]
    kind = made["permissions"][0]
    assert (kind["service_name"], kind["rights"]) == ("email_hosting", "technical")
    number = made["id"]
    assert call("post", f"/{number}/users", user_ids=[ben.pk]) == (201, True)
    assert acting(ben).has_right(MANAGE, service)
    assert call("post", f"/{number}/users", user_ids=[zoe.pk])[0] == 422
    status, users = call("get", f"/{number}/users?search=ben")
    assert [(one["id"], [team["name"] for team in one["teams"]]) for one in users] == [(ben.pk, ["Mail"])]
    status, outside = call("get", f"/{number}/users?outside=1")
    assert [one["id"] for one in outside] == [ana.pk]
    status, listed = call("get", "?with=user_count,product_count")
    assert [(one["name"], one["user_count"], one["product_count"]) for one in listed] == [
        ("Mail", 1, 0),
        ("Web", 0, 1),
    ]
    assert call("patch", f"/{number}", name="Post", permissions={"services": [kind["service_id"]]})[0] == 200
    status, lost = call("get", f"/{number}/losses")
    assert [one["user_id"] for one in lost] == [ben.pk]
    status, told = call("delete", f"/{number}/users?dry_run=1", user_ids=[ben.pk])
    assert told["notes"][0].startswith("Ben Moser loses: ")
    assert call("delete", f"/{number}/users", user_ids=[ben.pk]) == (200, True)
    assert not acting(ben).has_right(USE, service)
    assert call("delete", f"/{number}") == (200, True) and call("get", f"/{number}")[0] == 404
    assert [one["name"] for one in call("get", "/deleted")[1]] == ["Post"]
    assert call("post", f"/{number}/restore", x=1)[1]["name"] == "Post"
    basic = client.get(
        f"/1/accounts/{web.organization_id}/basic/teams", headers={"Authorization": f"Bearer {secret}"}
    ).json()["data"]
    assert basic == [{"id": number, "name": "Post"}, {"id": web.pk, "name": "Web"}]
