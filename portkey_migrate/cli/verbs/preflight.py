"""Asks every check of the next move. Changes nothing."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import acting, options, subjects
from portkey_migrate.report.preflight import Preflight

REFUSED, ONLY_WARNINGS = 3, 4


@click.command("preflight")
@subjects.argument()
@click.option("--strict", is_flag=True, help="Exit 4 where there are only warnings.")
@options.clusters
@options.output("table", "wide", "json", "yaml", "name", "markdown")
@options.places
def command(subject: tuple[str, ...], strict: bool, **typed: Any) -> int:  # noqa: FBT001 - click passes by keyword
    """Asks every check of the next move of a subject, or of every app that can move.

    Takes no lock and changes nothing. Exit 3 where one of them blocks.
    """
    from portkey_migrate import session

    it = acting.given(typed)
    wanted = acting.known(it, subjects.parse(subject))
    with session.view(it.folder, it.place, it.options()) as viewer:
        asked = viewer.preflight(wanted)
        later = viewer.asked_while_moving(wanted) if wanted else []
    page = Preflight(wanted or "every app", asked, acting.world_of(it.place), later)
    acting.show(page, it.output)
    if page.blocked_by:
        return REFUSED
    return ONLY_WARNINGS if strict and page.warned_by else 0
