"""The `kanton` command: keys to the API, the log's proof, the rooms' own commands."""

import sys
import types
from collections.abc import Iterator
from pathlib import Path

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
    assert good.exit_code == 0 and "are intact" in good.output
    row = Activity.objects.order_by("pk").first()
    assert row is not None
    Activity.objects.filter(pk=row.pk).update(kind="something.else")
    bad = call("activity", "verify")
    assert bad.exit_code == 1 and row.chain in bad.output
    assert "No chain is called nowhere" in call("activity", "verify", "nowhere").output


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
    assert result.exit_code == 69 and advice in result.output
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
    monkeypatch.setattr(cli, "command_modules", lambda: ["kanton.core.commands"])
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


def every_command(command: click.Command, *words: str) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(command, Kanton):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            assert found is not None
            yield from every_command(found, *words, name)
    elif isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield from every_command(inner, *words, name)


COMMANDS = list(every_command(main))
# Django answers these for itself.
OURS = [words for words in COMMANDS if words != ("manage",)]


def in_words(words: tuple[str, ...]) -> str:
    return " ".join(words) or "kanton"


# With no installation: what follows the command, its exit code, and what it says.
NOTHING_THERE = {
    ("backup",): ([], 69, "Nothing lives in"),
    ("token", "create"): (["ana@acme.example"], 69, "Nothing lives in"),
    ("activity", "verify"): ([], 69, "Nothing lives in"),
    ("secrets", "rotate"): (["django-secret-key"], 69, "Nothing lives in"),
    ("manage",): (["check"], 69, "Nothing lives in"),
    ("doctor",): ([], 0, "Nothing lives in"),
    ("settings",): ([], 0, "# "),
    ("restore",): (["no-such-file.tar"], 1, "There is no backup no-such-file.tar"),
}
# Those without an end, and those for the texts of a checkout, which belong to no installation.
ELSEWHERE = {("run",), ("translations", "extract"), ("translations", "check"), ("translations", "compile")}


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which nothing was ever started."""
    monkeypatch.setenv("KANTON_HOME", str(tmp_path / "nowhere"))
    return tmp_path / "nowhere"


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("words", OURS, ids=in_words)
def test_every_command_says_what_it_is_for_without_an_installation(
    nowhere: Path, words: tuple[str, ...], option: str
) -> None:
    result = call(*words, option)
    assert result.exit_code == 0, result.output
    first, *_rest = result.output.splitlines()
    assert first.startswith(" ".join(["Usage: main", *words]))
    assert len(result.output.splitlines()[2].strip()) > 10, "a sentence says what it does"
    assert not nowhere.exists()


@pytest.mark.parametrize("words", OURS, ids=in_words)
def test_every_command_refuses_an_unknown_option_and_names_it(nowhere: Path, words: tuple[str, ...]) -> None:
    result = call(*words, "--nonsense")
    assert result.exit_code == 2
    assert "No such option '--nonsense'" in result.output
    assert "--help' for help" in result.output
    assert not nowhere.exists()


def test_every_command_has_a_line_for_a_missing_installation() -> None:
    leaves = {
        words for words in COMMANDS if not any(other[: len(words)] == words != other for other in COMMANDS)
    }
    assert leaves == set(NOTHING_THERE) | ELSEWHERE


@pytest.mark.parametrize("words", sorted(NOTHING_THERE), ids=in_words)
def test_without_an_installation_every_command_says_so_and_makes_nothing(
    nowhere: Path, words: tuple[str, ...]
) -> None:
    more, status, said = NOTHING_THERE[words]
    result = call(*words, *more)
    assert (result.exit_code, said in result.output) == (status, True), result.output
    assert "Traceback" not in result.output
    assert not nowhere.exists()


def test_a_file_that_is_no_backup_makes_no_home(nowhere: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.tar").write_text("Milk, bread")
    result = call("restore", str(tmp_path / "notes.tar"))
    assert result.exit_code == 1 and "cannot be read to its end" in result.output
    assert not nowhere.exists()


def test_a_wrong_setting_is_told_with_its_name(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANTON_WEB_PORT", "ninety")
    result = call("settings")
    assert result.exit_code == 78 and "web.port" in result.output
    assert not nowhere.exists()


@pytest.mark.parametrize("name", ["extract", "check"])
def test_texts_of_a_room_that_is_none_are_refused_with_those_there_are(name: str) -> None:
    result = call("translations", name, "kitchen")
    assert result.exit_code == 2
    assert "No room is called kitchen. There are: " in result.output and "products.mail" in result.output


def test_the_command_that_the_daily_proof_names_is_understood(login: str) -> None:
    call("token", "create", login)
    row = Activity.objects.order_by("pk").last()
    assert row is not None
    kept = call("activity", "verify", row.chain, "--kept", f"{row.position}:{row.digest}")
    assert kept.exit_code == 0, kept.output
    assert f"{row.chain} holds what was kept, at number {row.position}." in kept.output
    other = call("activity", "verify", row.chain, "--kept", f"{row.position}:{'0' * len(row.digest)}")
    assert other.exit_code == 1 and "was written anew since" in other.output
