"""The `kanton` command: keys to the API, the log's proof, the rooms' own commands."""

import sys
import types

import click
import pytest
from click.testing import CliRunner, Result
from django.db import DatabaseError

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.organizations.models import Organization
from kanton.run import cli
from kanton.run.cli import Kanton, main

pytestmark = pytest.mark.django_db


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def login(acme: Organization) -> str:
    return Person.objects.get(memberships__organization=acme, memberships__role="owner").email


def test_a_token_is_printed_alone_so_that_a_script_can_take_it(login: str) -> None:
    result = call("token", "create", login, "--scope", "all")
    assert result.exit_code == 0, result.output
    [secret] = result.stdout.splitlines()
    assert len(secret) >= 30 and " " not in secret
    from kanton.accounts.models import ApiToken

    [token] = ApiToken.objects.all()
    assert (token.person.email, token.scopes) == (login, ["all"])
    assert secret not in str(vars(token))


def test_a_token_for_nobody_or_for_an_unknown_scope_is_refused_with_help(login: str) -> None:
    nobody = call("token", "create", "nobody@nowhere.example")
    assert nobody.exit_code == 1 and "Nobody signs in as nobody@nowhere.example" in nobody.output
    unknown = call("token", "create", login, "--scope", "everything")
    assert unknown.exit_code == 1 and "all" in unknown.output.split("Known:")[1]


def test_the_log_is_proved_and_an_edited_row_is_found(login: str) -> None:
    call("token", "create", login)
    good = call("activity", "verify")
    assert good.exit_code == 0 and "all as they were written" in good.output
    row = Activity.objects.order_by("pk").first()
    assert row is not None
    Activity.objects.filter(pk=row.pk).update(kind="something.else")
    bad = call("activity", "verify")
    assert bad.exit_code == 1 and row.chain in bad.output
    assert "There is no chain" in call("activity", "verify", "--chain", "nowhere").output


@pytest.mark.parametrize("command", [("activity", "verify"), ("token", "create", "ana@acme.example")])
@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        ("no such table: activity_chain", "Start Kanton once (bin/run)"),
        ('relation "activity_chain" does not exist', "Start Kanton once (bin/run)"),
        ("database is locked", "does not answer: database is locked. `kanton doctor` looks into it."),
    ],
)
def test_a_database_that_is_not_there_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], problem: str, advice: str
) -> None:
    def fail(*_arguments: object) -> None:
        raise DatabaseError(problem)

    monkeypatch.setattr(cli, "use_django", fail)
    result = call(*command)
    assert result.exit_code == 1 and advice in result.output
    assert [line[:6] for line in result.output.splitlines()] == ["Error:"]


def test_a_room_adds_its_commands_by_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("kanton.core.commands")

    @click.group()
    def clockwork() -> None:
        """Wheels."""

    @clockwork.command()
    def wind() -> None:
        click.echo("wound")

    vars(module).update(clockwork=clockwork, wind=wind)
    module.__spec__ = types.SimpleNamespace(name="kanton.core.commands")  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "kanton.core.commands", module)
    monkeypatch.setattr(cli.main, "_rooms", None)
    assert isinstance(cli.main, Kanton)
    assert call("clockwork", "wind").output == "wound\n"
    assert "wind" not in cli.main.rooms()
    assert "clockwork" in call("--help").output


def test_unknown_commands_and_help_are_plain() -> None:
    assert call("nonsense").exit_code == 2
    helped = call("--help").output
    for name in ("run", "doctor", "backup", "restore", "token", "activity", "manage"):
        assert f"\n  {name} " in helped


def test_djangos_commands_are_there() -> None:
    assert call("manage", "check").exit_code == 0
