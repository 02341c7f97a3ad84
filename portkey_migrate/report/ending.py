"""How one command ended: the data first, then why, then what is next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION, failures
from portkey_migrate.report.pages import Block, Line


class Ending(NamedTuple):
    """The outcome of `advance`, `rollback` or `resolve`."""

    verb: str
    subject: str
    state: str
    exit: int
    lines: Sequence[str]
    error: Any = None
    world: str = ""

    def names(self) -> list[str]:
        return [self.subject] if self.subject else []

    def document(self) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": "Outcome",
            "verb": self.verb,
            "subject": self.subject,
            "state": self.state,
            "exit": self.exit,
            "world": self.world,
            "lines": list(self.lines),
            "error": failures.document(self.error) if self.error is not None else None,
        }

    def blocks(self, *, wide: bool) -> list[Block]:
        return [Line(line) for line in self.lines]
