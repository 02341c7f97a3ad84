"""What did happen: one SQLite file, one writer, many readers. The only home of `sqlmodel`, and the only writer of `state/` but for log.jsonl.

Names come in lazily: `migrate status` reads through `read.py` with the standard sqlite3 alone, and importing SQLModel costs 1.4 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portkey_migrate.journal.read import Snapshot, history, load
    from portkey_migrate.journal.rows import Asked, NewRow, Pin, Row, Subject, Transition
    from portkey_migrate.journal.writer import Journal

__all__ = ["Asked", "Journal", "NewRow", "Pin", "Row", "Snapshot", "Subject", "Transition", "history", "load"]

_HOMES = {
    "Journal": "writer",
    "Snapshot": "read",
    "history": "read",
    "load": "read",
    **dict.fromkeys(("Asked", "NewRow", "Pin", "Row", "Subject", "Transition"), "rows"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module's own names are of every type
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - this function is the lazy import

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
