"""Faults and warnings of the plan. Faults are raised by the loader, so this verb shows what is left."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import acting, options
from portkey_migrate.report.faults import Faults

ONLY_WARNINGS = 4


@click.command("lint")
@click.option("--strict", is_flag=True, help="Exit 4 where there are warnings.")
@options.output("table", "wide", "json", "yaml", "name", "markdown")
@options.places
def command(strict: bool, **typed: Any) -> int:  # noqa: FBT001 - click passes by keyword
    """Faults and warnings of the plan in phases/, each as file:line:column. Asks no cluster."""
    from portkey_migrate import plan as plans
    from portkey_migrate import session

    it = acting.given(typed)
    plan = session.load_plan(it.folder)
    warnings = plans.lint(plan)
    acting.show(Faults(plan.name, len(plan.subjects()), warnings, sorted(plan.not_built)), it.output)
    return ONLY_WARNINGS if strict and warnings else 0
