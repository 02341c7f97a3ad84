"""docs/checks.md, made from the registry: `python -m portkey_migrate.checks.page > docs/checks.md`. A test holds the two equal."""

from __future__ import annotations

import sys

from portkey_migrate.checks import Check, registry

_HEAD = """# The checks

Made by `python -m portkey_migrate.checks.page > docs/checks.md`; edit the checks, not this page.

A check is a sentence that is true when all is well. It is asked before the transitions that it guards, in any order, each time with fresh
evidence; one whose place matters stands in a recipe, and is asked there. Not ok ends the transition. `migrate preflight app NAME` asks the
guards of an app's next move and changes nothing.

Each has a situation, a variation of the lab's world in which it must refuse: `migrate rehearse app/NAME --with SITUATION`. When it differs:
*before* `prepared`, *between* `prepared` and the move, or only *moving* can show it.

| check | says | guards | not ok | situation | when | asked of | sources |
|---|---|---|---|---|---|---|---|
"""


def row(check: Check) -> str:
    """One check as a line of the table."""
    methods = f" ({', '.join(check.methods)})" if check.methods else ""
    guards = ", ".join(check.guards) + methods if check.guards else "asked by a task" if check.methods == ("seen",) else "asked inside a move"
    cells = (
        f"`{check.id}`",
        check.says,
        guards,
        "blocks" if check.blocks else "warns",
        f"`{check.situation}`",
        check.when,
        ", ".join(check.asked_of),
        check.sources,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page() -> str:
    return _HEAD + "\n".join(row(check) for check in registry().values()) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
