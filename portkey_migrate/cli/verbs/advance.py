"""Further: the open phase to its next gate, or one subject."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import acting, options, subjects
from portkey_migrate.cli.verbs import plan as plan_verb


@click.command("advance")
@subjects.argument()
@click.option("--to", metavar="STATE", help="Stop at this state, or go on to it past a gate.")
@click.option("--dry-run", is_flag=True, help="The same as `migrate plan`: shows every step with its undo, changes nothing.")
@options.answers
@options.clusters
@options.output("table", "json", "yaml", "name")
@click.option("--events", type=click.Choice(["text", "jsonl"]), default="text", help="How progress is told on stderr.")
@options.utc
@options.places
def command(subject: tuple[str, ...], to: str | None, dry_run: bool, **typed: Any) -> int:  # noqa: FBT001 - click passes by keyword
    """Takes the open phase to its next gate, or one subject further.

    The same command goes on after whatever died. What was begun going back is finished first.
    """
    it = acting.given(typed)
    wanted = acting.known(it, subjects.parse(subject))
    if dry_run:
        return plan_verb.show(it, wanted)
    return acting.act("advance", it, wanted, lambda session: session.advance(wanted, to))
