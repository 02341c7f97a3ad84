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
    notes = [n for n, column in enumerate(it.columns) if column.below]
    if total and notes and _cramped(it, wide, notes, total):
        return _with_notes_below(it, notes, total)
    lines = [_row([column.title for column in it.columns], wide, it.columns, total)] if any(c.title for c in it.columns) else []
    lines += [
        [f" {line}" for line in fold(row.text, max(total - 1, 0))] if isinstance(row, Rule) else _row(row, wide, it.columns, total) for row in it.rows
    ]
    return [line for several in lines for line in several]


def _cramped(it: Table, wide: Sequence[int], notes: Sequence[int], total: int) -> bool:
    """Whether some note would take more than two lines, a word of it is longer than its column, or the row does not fit at all."""
    if sum(wide) + _GAP * (len(wide) - 1) + 1 > total:
        return True
    cells = [(row[n], wide[n]) for row in it.rows if not isinstance(row, Rule) for n in notes]
    return any(len(fold(cell, width)) > _LINES or max(map(len, cell.split(" "))) > width for cell, width in cells)


def _with_notes_below(it: Table, notes: Sequence[int], total: int) -> list[str]:
    """Each row's notes under it, over the whole width: the first as it is, the others with their title."""
    kept = [n for n in range(len(it.columns)) if n not in notes]
    columns = [it.columns[n] for n in kept]
    wide = widths(Table(tuple(columns), tuple(row if isinstance(row, Rule) else tuple(row[n] for n in kept) for row in it.rows)), total)
    out = _row([column.title for column in columns], wide, columns, total)
    for row in it.rows:
        if isinstance(row, Rule):
            out += [f" {line}" for line in fold(row.text, total - 1)]
            continue
        out += _row([row[n] for n in kept], wide, columns, total)
        for place, n in enumerate(notes):
            said = row[n] if place == 0 or row[n] in ("", "-") else f"{it.columns[n].title.lower()}: {row[n]}"
            out += [" " * _UNDER + line for line in fold(said, total - _UNDER)] if said not in ("", "-") else []
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
                fits = not paper.width or not note or len(head + aside) <= paper.width
                out += [head + aside] if fits else [head, *(" " * 6 + line for line in fold(f"({note})", paper.width - 6))]
            case Table():
                out += table(block, paper.width)
            case Verbatim(said, _):
                out += said.rstrip("\n").split("\n")
    return paper.print("\n".join(line.rstrip() for line in out))
