"""A person says what no look can tell."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import acting, options


@click.command("resolve")
@click.argument("row", metavar="ROW")
@click.option("--as", "as_", type=click.Choice(["done", "undone"]), required=True, help="done: it did happen; undone: it did not, do it again.")
@options.answers
@options.clusters
@options.output("table", "json", "yaml", "name")
@options.utc
@options.places
def command(row: str, as_: str, **typed: Any) -> int:
    """Says whether a step happened that nobody can look at.

    ROW is TRANSITION.NUMBER, as `migrate history` prints it. This is severe: it is typed, or given by --confirm ROW.
    """
    it = acting.given(typed)
    return acting.act("resolve", it, None, lambda session: session.resolve(row, as_))
