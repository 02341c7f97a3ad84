"""What every screen is made of: lines, tables, and the document of the same content for machines. A format turns a page into text."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol


class Line(NamedTuple):
    """A sentence; folded at the paper's width, what comes after the first line is set in by `hang`."""

    text: str = ""
    hang: int = 0
    strong: bool = False  # the sentence that a reader must not miss


class Command(NamedTuple):
    """A command to type, never folded, and what it does."""

    text: str
    note: str = ""
    label: str = "Next:"


class Column(NamedTuple):
    title: str
    folds: bool = False  # prose: may be folded; a name never is
    below: bool = False  # prose that goes under its row, over the whole width, where its column would be a staircase


class Rule(NamedTuple):
    """A line across a table."""

    text: str


class Table(NamedTuple):
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...] | Rule, ...]


class Verbatim(NamedTuple):
    """Text of another language, as it is: a diagram."""

    text: str
    language: str = ""


Block = Line | Command | Table | Verbatim


class Page(Protocol):
    """One screen."""

    def document(self) -> dict[str, Any]:
        """The same content for machines, with `apiVersion` and `kind`; names and plain numbers, times in UTC."""
        ...

    def names(self) -> list[str]:
        """What `-o name` prints, one a line."""
        ...

    def blocks(self, *, wide: bool) -> list[Block]:
        """What a person reads, top to bottom."""
        ...
