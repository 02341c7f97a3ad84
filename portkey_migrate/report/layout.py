"""Lines and tables in fixed-width text. At 80 columns no name is cut: prose columns fold, and where nothing can fold a line may be longer."""

from __future__ import annotations

from collections.abc import Sequence

from portkey_migrate.report.pages import Block, Column, Command, Line, Rule, Table, Verbatim
from portkey_migrate.report.paper import Paper

_GAP = 2
_LEAST = 16  # narrower prose is a staircase
_LINES = 2  # prose beside its row; more of it goes below
_UNDER = 7


def fold(text: str, width: int) -> list[str]:
    """A sentence as lines of at most `width` characters, broken at spaces only; width 0: one line."""
    if not width or len(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def widths(table: Table, total: int) -> list[int]:
    """How wide each column is. Names keep their width; the prose columns share what is left, the longest giving first."""
    rows = [row for row in table.rows if not isinstance(row, Rule)]
    out = [max([len(column.title), *(len(row[n]) for row in rows)]) for n, column in enumerate(table.columns)]
    foldable = [n for n, column in enumerate(table.columns) if column.folds]
    while total and sum(out) + _GAP * (len(out) - 1) + 1 > total:
        widest = max(foldable, key=lambda n: out[n], default=None)
        if widest is None or out[widest] <= _LEAST:
            break
        out[widest] -= 1
    return out


def table(it: Table, total: int) -> list[str]:
    """A table, its titles in capitals above it."""
    wide = widths(it, total)
    last = len(it.columns) - 1
    if total and it.columns and it.columns[last].below and _cramped(it, wide, last):
        return _with_notes_below(it, total)
    lines = [_row([column.title for column in it.columns], wide, it.columns, total)] if any(c.title for c in it.columns) else []
    for row in it.rows:
        lines.append([f" {line}" for line in fold(row.text, total)] if isinstance(row, Rule) else _row(row, wide, it.columns, total))
    return [line for several in lines for line in several]


def _cramped(it: Table, wide: Sequence[int], column: int) -> bool:
    """Whether some cell of the column would take more than two lines, or a word of it is longer than the column."""
    cells = [row[column] for row in it.rows if not isinstance(row, Rule)]
    return any(len(fold(cell, wide[column])) > _LINES or max(map(len, cell.split(" "))) > wide[column] for cell in cells)


def _with_notes_below(it: Table, total: int) -> list[str]:
    rows = [row for row in it.rows if not isinstance(row, Rule)]
    short = Table(it.columns[:-1], tuple(row[:-1] for row in rows))
    wide = widths(short, total)
    out = _row([column.title for column in short.columns], wide, short.columns, total)
    for row in rows:
        out += _row(row[:-1], wide, short.columns, total)
        out += [" " * _UNDER + line for line in fold(row[-1], total - _UNDER)] if row[-1] else []
    return out


def _row(cells: Sequence[str], wide: Sequence[int], columns: Sequence[Column], total: int) -> list[str]:
    folded = [fold(cell, width if total and column.folds else 0) for cell, width, column in zip(cells, wide, columns, strict=True)]
    out = []
    for n in range(max(len(lines) for lines in folded)):
        parts = [(lines[n] if n < len(lines) else "").ljust(width) for lines, width in zip(folded, wide, strict=True)]
        out.append((" " + (" " * _GAP).join(parts)).rstrip())
    return out


def text(blocks: Sequence[Block], paper: Paper) -> str:
    """A page as text. Folding is by the paper's width; a command is never folded."""
    out: list[str] = []
    for block in blocks:
        match block:
            case Line(said, hang, _):
                first, *more = fold(said, paper.width)
                more = fold(" ".join(more), max(paper.width - hang, 0)) if more else []
                out += [first, *(" " * hang + line for line in more)]
            case Command(said, note, label):
                head = f"{label} {said}" if label else said
                aside = f"      ({note})" if note else ""
                fits = not paper.width or len(head + aside) <= paper.width
                out += [head + aside] if fits else [head, *(" " * 6 + line for line in fold(f"({note})", paper.width - 6))]
            case Table():
                out += table(block, paper.width)
            case Verbatim(said, _):
                out += said.rstrip("\n").split("\n")
    return paper.print("\n".join(line.rstrip() for line in out))
