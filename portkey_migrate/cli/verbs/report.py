"""The same page for the team: a ticket, a wiki, a pull request."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import options
from portkey_migrate.cli.acting import given
from portkey_migrate.cli.looking import print_status
from portkey_migrate.report import formats


@click.command("report")
@click.option("-o", "--output", type=click.Choice(formats.names()), default="markdown", show_default=True, help="What the page looks like.")
@options.utc
@options.places
def command(**typed: Any) -> int:
    """The page for the team: what is where, what is down, the way back, what is next."""
    it = given(typed)
    return print_status(it.home, it.state, it.output, utc=it.utc)
