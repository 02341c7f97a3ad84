"""Back, by the way that was written down before each step."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import acting, options, subjects
from portkey_migrate.errors import Usage
from portkey_migrate.report.ways_back import WayBack


@click.command("rollback")
@subjects.argument(required=True)
@click.option("--to", metavar="STATE", help="planned: what was made is removed too. Else an app goes to prepared.")
@click.option("--dry-run", is_flag=True, help="Shows the way back as it is written down; changes nothing.")
@options.answers
@options.clusters
@options.output("table", "json", "yaml", "name")
@click.option("--events", type=click.Choice(["text", "jsonl"]), default="text", help="How progress is told on stderr.")
@options.utc
@options.places
def command(subject: tuple[str, ...], to: str | None, dry_run: bool, **typed: Any) -> int:  # noqa: FBT001 - click passes by keyword
    """Takes an app, a task or a phase back; `all` takes everything.

    An app goes to prepared (it stays made on Talos, stopped), from prepared to planned (what was made is removed).
    """
    it = acting.given(typed)
    wanted = subjects.parse(subject, everything=True)
    if wanted is None:
        raise Usage("rollback needs a subject", hint="migrate rollback --help")
    acting.known(it, wanted)
    if dry_run:
        acting.show(WayBack.read(it.place, wanted), it.output)
        return 0
    return acting.act("rollback", it, wanted, lambda session: session.rollback(wanted, to))
