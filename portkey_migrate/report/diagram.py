"""`migrate graph`: machines as mermaid text, for a page that draws it."""

from __future__ import annotations

from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION
from portkey_migrate.report.pages import Block, Verbatim


class Drawn(NamedTuple):
    """One machine."""

    title: str  # a kind, or a subject
    current: str  # its state, "" for a kind
    states: tuple[str, ...]
    mermaid: str


class Diagram(NamedTuple):
    """Machines, drawn."""

    drawn: tuple[Drawn, ...]

    def names(self) -> list[str]:
        return [state for one in self.drawn for state in one.states]

    def document(self) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": "Graph",
            "machines": [{"title": one.title, "state": one.current, "states": list(one.states), "mermaid": one.mermaid} for one in self.drawn],
        }

    def blocks(self, *, wide: bool) -> list[Block]:
        return [Verbatim(one.mermaid, "mermaid") for one in self.drawn]
