"""Where everything is, by the journal alone."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import options
from portkey_migrate.cli.acting import given
from portkey_migrate.cli.looking import print_status


@click.command("status")
@options.output()
@options.utc
@options.places
def command(**typed: Any) -> int:
    """Where everything is, who serves it, what waits and what is next.

    Told from the journal alone: no cluster is asked and nothing is written, so it answers when both are down.
    """
    it = given(typed)
    return print_status(it.home, it.state, it.output, utc=it.utc)
