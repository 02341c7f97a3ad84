"""The plan: `phases/` as one frozen tree, or every fault of it as `file:line:column`.

Nothing here asks a cluster or writes a byte. What a plan may name (methods, tasks, checks, states) is passed in, so that this room knows no registry.
pydantic and yaml are imported when a plan is read, never before: `status` and completion use this package too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portkey_migrate.model import Plan
from portkey_migrate.plan.home import find_home
from portkey_migrate.plan.names import Names

__all__ = ["Names", "find_home", "lint", "load", "schema"]


def load(folder: Path, names: Names) -> Plan:
    """The plan of a home (the folder that holds `phases/`). Raises `NoPlan`, or `PlanInvalid` with every fault in `data["faults"]`."""
    from portkey_migrate.plan.loader import load as read

    return read(folder, names)


def lint(plan: Plan) -> list[str]:
    """What is worth a look though the plan is valid: `file:line: rule: sentence`, without what a phase accepts."""
    from portkey_migrate.plan.rules import lint as look

    return look(plan)


def schema() -> dict[str, Any]:
    """The JSON Schema of the files in `phases/`, from the same models that judge them."""
    from portkey_migrate.plan.jsonschema import schema as make

    return make()
