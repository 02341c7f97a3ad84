"""The real plan, run in the lab."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import acting, options, subjects
from portkey_migrate.report.rehearsal import Rehearsal


@click.command("rehearse")
@subjects.argument()
@click.option("--seed", type=int, default=1, show_default=True, help="Draws latencies, faults and people's luck.")
@click.option("--world", metavar="NAME|FILE", default="portkey", show_default=True, help="The world that it runs in.")
@click.option("--to", metavar="STATE", help="How far; else to committed, soaks waited out.")
@click.option("--rollback-at", metavar="STATE", help="Goes back once it stands there.")
@click.option("--kill", metavar="all|POINT", help="Kills the tool at every crash point, or at one.")
@click.option("--with", "with_", metavar="NAME", help="A situation that a check exists for.")
@click.option("--fault", metavar="KIND@N|KIND@all", help="A fault at the Nth mutating call, or at each in turn.")
@options.output("table", "json", "yaml")
@options.places
def command(subject: tuple[str, ...], **typed: Any) -> int:
    """Runs the real plan in the lab: seeds, kills, faults, and the verdict by what users saw.

    No cluster of yours is touched and state/journal.db is not opened. Exit 0 clean, 3 blocked, 11 not clean.
    """
    from portkey_migrate.rehearse import run

    it = acting.given(typed)
    wanted = acting.known(it, subjects.parse(subject))
    asked = {name: typed[name] for name in ("seed", "world", "to", "rollback_at", "kill", "with_", "fault")}
    page = Rehearsal(run.rehearse(wanted, **asked, home=it.folder))
    acting.show(page, it.output)
    return page.exit
