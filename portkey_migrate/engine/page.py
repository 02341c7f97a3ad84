"""The undo page: the way back as a person reads and runs it, without the tool. The same order as the engine's own."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from portkey_migrate import checks, recipes
from portkey_migrate.recipes import Ask, Undo
from portkey_migrate.steps import Step

if TYPE_CHECKING:
    from portkey_migrate.journal.rows import NewRow, Subject
    from portkey_migrate.model import Change
    from portkey_migrate.ports import System


def text(subject: Subject, there: str, rows: Sequence[NewRow], begun: Mapping[str, Change], systems: Mapping[str, System], world: str) -> str:
    """Markdown: each item of the way back with the argv that does it and the look after it."""
    lines = [
        f"# The way back of {subject.id}, to {there}",
        "",
        f"World {world}. `migrate rollback {subject.id}` does this by itself; without the tool, top to bottom:",
        "",
    ]
    if not rows:
        lines.append("Nothing was begun: there is nothing to undo.")
    for n, row in enumerate(rows, 1):
        item = recipes.from_data(row.item)
        if isinstance(item, Ask):
            lines += [f"{n}. Look: {checks.by_id(item.check).says} (`{item.check}`)", ""]
            continue
        change = row.change or (item.typed(begun) if isinstance(item, Step) else None)
        if change is None:
            lines += [f"{n}. {row.name}", ""]
            continue
        lines += [f"{n}. {row.name}: {change.ref}", ""]
        for check in item.asks if isinstance(item, Undo) else ():
            lines += [f"   Not before: {checks.by_id(check).says} (`{check}`)", ""]
        step = item.step if isinstance(item, Undo) else item
        own = step.by_hand(change) if hasattr(step, "by_hand") else None
        argvs = own if own is not None else systems[change.ref.system].by_hand(change)
        lines += ["   ```", *(f"   {shlex.join(argv)}" for argv in argvs), "   ```", ""]
    return "\n".join(lines) + "\n"
