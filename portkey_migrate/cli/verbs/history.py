"""What was done, when, by whom, and how it ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from portkey_migrate.cli import acting, options, subjects
from portkey_migrate.errors import Usage
from portkey_migrate.report.history import History


@click.command("history")
@subjects.argument()
@click.option("--since", metavar="TIME", help="A duration (2h, 3d) or a day (2026-11-24).")
@options.output("table", "wide", "json", "yaml", "name", "markdown")
@options.utc
@options.places
def command(subject: tuple[str, ...], since: str | None, **typed: Any) -> int:
    """What was done, when, by whom, and how it ended; every step of a subject where one is named."""
    from portkey_migrate.journal.read import history

    it = acting.given(typed)
    wanted = subjects.parse(subject)
    if wanted is not None:
        known = list(acting.states(it.place))
        # Before there is a journal the plan alone knows the names.
        wanted = subjects.known(wanted, known, lambda one: acting.journal_knows(it.place, one)) if known else acting.known(it, wanted)
    told = history(it.place, wanted, _when(since))
    acting.show(History(wanted or "", told, acting.world_in(it.place), UTC if it.utc else None), it.output)
    return 0


def _when(since: str | None) -> datetime | None:
    if since is None:
        return None
    units = {"m": 60, "h": 3600, "d": 86400}
    if since[:-1].isdigit() and since[-1] in units:
        return datetime.now(UTC) - timedelta(seconds=int(since[:-1]) * units[since[-1]])  # noqa: TID251 - what a screen shows decides nothing
    try:
        return datetime.fromisoformat(since).astimezone(UTC)
    except ValueError:
        raise Usage(f"--since {since!r} is neither a duration nor a day", hint="migrate history --since 2h") from None
