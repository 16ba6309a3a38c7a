"""`kanton activity`: the log from the command line."""

from __future__ import annotations

import click


@click.group("activity", context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """The log of what happened."""


@commands.command()
@click.argument("chain", required=False)
@click.option("--kept", help="Number and digest of an entry, as the daily proof by mail writes them.")
def verify(chain: str | None, kept: str | None) -> None:
    """Check the seals of all chains (or of one, such as organization:17): edited, removed, inserted, cut-off rows.

    With --kept, also whether the chain still holds the entry whose digest somebody kept outside. Exit code 1 when
    something was found.
    """
    from kanton.activity.log import verify as findings
    from kanton.activity.models import Activity, Chain

    found = [str(finding) for finding in findings(chain)]
    for line in found:
        click.echo(line)
    chains = Chain.objects.all() if chain is None else Chain.objects.filter(name=chain)
    rows = Activity.objects.all() if chain is None else Activity.objects.filter(chain=chain)
    if found:
        raise click.ClickException(f"{len(found)} breaks in the log. A backup tells what was there before.")
    if chain is not None and not chains.exists():
        raise click.ClickException(f"No chain is called {chain}.")
    if kept is not None:
        position, _colon, digest = kept.partition(":")
        if chain is None or not position.isdecimal():
            raise click.UsageError("--kept needs a chain, and NUMBER:DIGEST as the mail writes it.")
        if not rows.filter(position=int(position), digest=digest.strip().lower()).exists():
            raise click.ClickException(f"{chain} does not hold what was kept: it was written anew since.")
        click.echo(f"{chain} holds what was kept, at number {position}.")
    click.echo(f"{chains.count()} chains with {rows.count()} rows are intact.")
