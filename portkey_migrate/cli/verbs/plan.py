"""What would be done, step by step, each with its undo."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import acting, options, subjects
from portkey_migrate.report.itinerary import Itinerary
from portkey_migrate.report.planned import Planned

SOMETHING_TO_DO = 2


@click.command("plan")
@subjects.argument()
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there is something to do, 0 where there is nothing.")
@options.clusters
@options.output("table", "wide", "json", "yaml", "name", "markdown")
@options.places
def command(subject: tuple[str, ...], detailed_exitcode: bool, **typed: Any) -> int:  # noqa: FBT001 - click passes by keyword
    """What would be done: the phases in their order, or every step of one subject with its undo.

    Takes no lock and changes nothing.
    """
    it = acting.given(typed)
    wanted = acting.known(it, subjects.parse(subject))
    return show(it, wanted, detailed=detailed_exitcode)


def show(it: acting.Given, wanted: str | None, *, detailed: bool = False) -> int:
    """The plan of one subject asks the clusters; that of the phases is told by the files and the journal."""
    from portkey_migrate import session

    if wanted is None or wanted.startswith("phase/"):
        page = Itinerary.of(session.load_plan(it.folder), acting.states(it.place), wanted)
        acting.show(page, it.output)
        return SOMETHING_TO_DO if detailed and page.left else 0
    with session.view(it.folder, it.place, it.options()) as viewer:
        view = viewer.plan_of(wanted)
    acting.show(Planned(view, acting.world_of(it.place)), it.output)
    return SOMETHING_TO_DO if detailed and view.lines else 0
