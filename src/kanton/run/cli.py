"""The `kanton` command: what an operator types. Each command imports what it needs when it runs.

A room adds its own in `commands.py`: every click command or group defined there becomes one of `kanton`.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kanton import __version__

if TYPE_CHECKING:
    from kanton.config import Config
    from kanton.run.translations import Room


PACKAGE = Path(__file__).resolve().parent.parent
NO_CODE = {"__pycache__", "locale", "migrations", "node_modules", "static", "templates", "tests"}


class Unavailable(click.ClickException):
    """Something that the command needs is not there."""

    exit_code = 69


class WrongSetting(click.ClickException):
    """A setting that Kanton cannot start with."""

    exit_code = 78


def use_django() -> None:
    """Load the program, with the ports of the running Kanton, so that links lead there."""
    from kanton.run.running import adopt_ports

    adopt_ports()
    installed()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
    import django

    django.setup()


def installed() -> Config:
    """The settings of an installation that was started before. Only a start makes a new one: a name mistyped in
    KANTON_HOME would otherwise get keys of its own, and look like one that has lost everything."""
    from kanton.config import home_from, load_or_exit

    home = home_from(os.environ)
    if not (home / "secrets").is_dir():
        raise Unavailable(
            f"Nothing lives in {home} yet. Start Kanton once (bin/run), or name the home you mean: "
            f"KANTON_HOME=/its/place kanton ..."
        )
    return load_or_exit()


class Kanton(click.Group):
    """Our own commands; those of the rooms are looked for when a name is not ours, or all are listed."""

    _rooms: dict[str, click.Command] | None = None

    def rooms(self) -> dict[str, click.Command]:
        """Commands of the rooms, by name. Finding them takes neither Django nor an installation; running one does."""
        if self._rooms is None:
            found: dict[str, click.Command] = {}
            for name in command_modules():
                module = import_module(name)
                defined = [each for each in vars(module).values() if isinstance(each, click.Command)]
                inner = {
                    id(child)
                    for each in defined
                    if isinstance(each, click.Group)
                    for child in each.commands.values()
                }
                found |= {each.name: each for each in defined if each.name and id(each) not in inner}
            for command in found.values():
                _load_django_first(command)
            self._rooms = found
        return self._rooms

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A database that is not there, or does not answer, is told in a sentence."""
        try:
            return super().invoke(ctx)
        except Exception as problem:
            # Most commands never load Django; what was not loaded cannot have failed.
            database = sys.modules.get("django.db.utils")
            if database is None or not isinstance(problem, database.DatabaseError):
                raise
            raise Unavailable(_database_trouble(problem)) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, ours first."""
        ours = super().list_commands(ctx)
        return [*ours, *sorted(set(self.rooms()) - set(ours))]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of this name."""
        return super().get_command(ctx, name) or self.rooms().get(name)


def command_modules() -> Iterator[str]:
    """The names of all `commands.py` of rooms."""
    for folder, inside, files in os.walk(PACKAGE):
        inside[:] = sorted(set(inside) - NO_CODE)
        if "commands.py" in files:
            yield ".".join(["kanton", *Path(folder).relative_to(PACKAGE).parts, "commands"])


def _load_django_first(command: click.Command) -> None:
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _load_django_first(inner)
    elif (run := command.callback) is not None:

        @functools.wraps(run)
        def loaded(*args: Any, **kwargs: Any) -> Any:
            use_django()
            return run(*args, **kwargs)

        command.callback = loaded


def _database_trouble(problem: Exception) -> str:
    from kanton.config import config

    described = config.database.described
    if any(words in str(problem) for words in ("no such table", "does not exist")):
        return (
            f"{described} has no tables of Kanton yet. Start Kanton once (bin/run), or name the home you mean: "
            f"KANTON_HOME is {config.home}"
        )
    return f"{described} does not answer: {str(problem).strip()}. `kanton doctor` looks into it."


@click.group(cls=Kanton, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="kanton")
def main() -> None:
    """Kanton: a Manager for hosting providers. Everything lives in $KANTON_HOME (./var unless you set it)."""


@main.command()
def run() -> None:
    """Start everything: web, worker, DNS, SMTP, IMAP. Stop with Ctrl-C."""
    from kanton.run.start import run as start

    raise SystemExit(start())


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
def doctor(as_json: bool) -> None:
    """Look at everything that must be right, and say how to mend what is not. Exit code 1 when something is not."""
    from kanton.run import doctor as office

    findings = office.examine()
    if as_json:
        click.echo(json.dumps(office.as_data(findings), indent=2, ensure_ascii=False))
    else:
        office.tell(findings)
    raise SystemExit(office.exit_code(findings))


@main.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path | None) -> None:
    """Write everything that lives to FILE (.tar, .tar.gz, .tar.xz), while Kanton runs.

    Without FILE: kanton-DATE.tar.gz in the current folder. Keep it like a password: the keys are in it.
    """
    import datetime as dt

    from kanton.run.backup import BackupFailed, back_up

    target = file or Path(f"kanton-{dt.datetime.now(dt.UTC):%Y-%m-%d-%H%M%S}.tar.gz")
    try:
        manifest = back_up(installed(), target)
    except BackupFailed as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"{target}: {_counted(manifest.counts)}")


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--force", is_flag=True, help="Into a home that is not empty: what is there is set aside, not deleted."
)
def restore(file: Path, force: bool) -> None:
    """Put the backup FILE into $KANTON_HOME, after comparing every digest."""
    from kanton.config import ConfigError, forget_settings, home_from, load
    from kanton.run.backup import BackupFailed, restore_postgres
    from kanton.run.backup import restore as put_in_place

    try:
        manifest = put_in_place(file, home_from(os.environ), force=force)
        if manifest.database == "postgresql":
            forget_settings()
            restore_postgres(load())
    except (BackupFailed, ConfigError) as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"Restored from {manifest.made_at}, every digest right: {_counted(manifest.counts)}")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items())


@main.group()
def token() -> None:
    """Keys to the API."""


@token.command("create")
@click.argument("login")
@click.option(
    "--scope", "scopes", multiple=True, default=("all",), show_default=True, help="May be repeated."
)
@click.option(
    "--name", default="Made on the command line", show_default=True, help="What the list of tokens shows."
)
def token_create(login: str, scopes: tuple[str, ...], name: str) -> None:
    """Make an API token for the person who signs in as LOGIN, and print it. It is shown only now."""
    use_django()
    from kanton.accounts.actions import issue_token
    from kanton.accounts.models import Person, address_key
    from kanton.core.actor import System
    from kanton.core.errors import DomainError

    try:
        person = Person.objects.get(email_key=address_key(login))
    except Person.DoesNotExist:
        raise click.ClickException(f"Nobody signs in as {login}.") from None
    try:
        made = issue_token(System("command line"), person, name=name, scopes=list(scopes))
    except DomainError as problem:
        from kanton.core.api.scopes import SCOPES

        raise click.ClickException(f"{problem} Known: {', '.join(sorted(SCOPES))}") from None
    click.echo(made.secret)


@main.group("secrets")
def secrets_group() -> None:
    """The keys of this installation."""


@secrets_group.command("rotate")
@click.argument("name", type=click.Choice(["django-secret-key", "field-encryption-keys"]))
def secrets_rotate(name: str) -> None:
    """Put a new key in front of the old ones. Start Kanton again afterwards; the old keys still read old values."""
    installed().secrets.rotate(name)
    click.echo(f"{name} has a new first key. Start Kanton again to use it, and make a backup.")


@main.command("manage", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Django's own commands, such as `kanton manage dbshell`."""
    use_django()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["kanton manage", *arguments])


@main.command("settings")
def show_settings() -> None:
    """Check the settings and print the commented settings file with all defaults."""
    from kanton.config import ConfigError, load, template

    try:
        load(create=False)
    except ConfigError as problem:
        raise WrongSetting(str(problem)) from None
    click.echo(template(), nl=False)


@main.group()
def translations() -> None:
    """Texts in five languages: extract, check, compile."""


def _check_rooms(names: Sequence[str], everything: Sequence[Room]) -> None:
    if unknown := set(names) - {room.name for room in everything}:
        known = ", ".join(room.name for room in everything)
        raise click.UsageError(f"No room is called {', '.join(sorted(unknown))}. There are: {known}")


@translations.command("extract")
@click.argument("names", nargs=-1, metavar="[ROOM]...")
def translations_extract(names: tuple[str, ...]) -> None:
    """Add new texts of the rooms (all of them, or those named) to their catalogs, and drop unused ones."""
    from kanton.run import translations as texts

    everything = texts.rooms()
    _check_rooms(names, everything)
    for room in everything:
        if not names or room.name in names:
            missing = texts.update(room, texts.inner_rooms(room, everything))
            click.echo(f"{room.name}: {missing} to translate" if missing else f"{room.name}: complete")


@translations.command("check")
@click.argument("names", nargs=-1, metavar="[ROOM]...")
def translations_check(names: tuple[str, ...]) -> None:
    """Tell every text that is missing, fuzzy, wrong, unused or translated differently in two rooms; exit code 1 when
    there is one."""
    from kanton.run import translations as texts

    everything = texts.rooms()
    _check_rooms(names, everything)
    found = [
        problem
        for room in everything
        if not names or room.name in names
        for problem in texts.problems(room, texts.inner_rooms(room, everything))
    ]
    found += texts.conflicts(everything)
    for problem in found:
        click.echo(str(problem))
    if found:
        raise click.ClickException(
            f"{len(found)} texts need care. `kanton translations extract` adds the missing ones to the catalogs."
        )


@translations.command("compile")
def translations_compile() -> None:
    """Make the binary catalogs that the program reads."""
    from kanton.run import translations as texts

    click.echo(f"{texts.compile_all()} catalogs compiled")


def entry(arguments: list[str] | None = None) -> Any:
    """For programs: run a command in this process."""
    return main.main(arguments, standalone_mode=False)


if __name__ == "__main__":
    sys.exit(main())
