"""What did happen: one SQLite file, one writer, many readers. The only home of `sqlmodel`, and the only writer of `state/` but for log.jsonl.

Names come in lazily: `migrate status` reads through `read.py` with the standard sqlite3 alone, and importing SQLModel costs 1.4 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portkey_migrate.journal.looks import View
    from portkey_migrate.journal.read import Snapshot, history, load
    from portkey_migrate.journal.rows import Asked, NewRow, Pin, Row, Subject, Transition
    from portkey_migrate.journal.writer import Journal

__all__ = ["Asked", "Journal", "NewRow", "Pin", "Row", "Snapshot", "Subject", "Transition", "View", "history", "load"]

_HOMES = {
    "Journal": "writer",
    "Snapshot": "read",
    "View": "looks",
    "history": "read",
    "load": "read",
    **dict.fromkeys(("Asked", "NewRow", "Pin", "Row", "Subject", "Transition"), "rows"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
