"""A page for the team: a ticket, a wiki, a pull request. Commands stand in code, so that they are copied whole."""

from __future__ import annotations

from portkey_migrate.report.pages import Column, Command, Line, Page, Rule, Table, Verbatim
from portkey_migrate.report.paper import Paper


def render(page: Page, paper: Paper) -> str:
    out: list[str] = []
    for block in page.blocks(wide=True):
        match block:
            case Line("", _, _):
                continue
            case Line(text, _, strong):
                out += [f"**{_inline(text)}**" if strong else _inline(text), ""]
            case Command(text, note, label):
                out += [f"{label} `{text}`" + (f" ({note})" if note else ""), ""]
            case Table():
                out += [*_table(block), ""]
            case Verbatim(text, language):
                out += [f"```{language}", text.rstrip("\n"), "```", ""]
    return paper.print("\n".join(out).rstrip("\n"))


def _inline(text: str) -> str:
    return text.strip().replace("<", "&lt;")


def _table(it: Table) -> list[str]:
    """Columns that are empty in every row are left out: a page has no need of them."""
    rows = [row for row in it.rows if not isinstance(row, Rule)]
    used = [n for n, column in enumerate(it.columns) if n == 0 or any(row[n] for row in rows)]
    heads = [it.columns[n] for n in used]
    lines = ["| " + " | ".join(_title(column) for column in heads) + " |", "|" + " --- |" * len(heads)]
    for row in it.rows:
        cells = [row.text] + [""] * (len(used) - 1) if isinstance(row, Rule) else [row[n] for n in used]
        lines.append("| " + " | ".join(_inline(cell).replace("|", "\\|") for cell in cells) + " |")
    return lines


def _title(column: Column) -> str:
    return column.title.strip().capitalize().replace("k3s", "K3s") or " "
