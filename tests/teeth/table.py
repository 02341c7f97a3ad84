"""The table at the end of `make teeth`: what was broken, which figure rose and by how much, what masks it, which trap makes it visible."""

from __future__ import annotations

from dataclasses import dataclass

ROWS: dict[str, Row] = {}


@dataclass
class Row:
    name: str
    figure: str = ""
    unit: str = ""
    whole: float = 0.0
    broken: float = 0.0
    refused_by: str = ""
    alone: str = ""
    guards: tuple[str, ...] = ()
    trap: str = ""
    unseen: str = ""  # the figure without the trap


def row(name: str) -> Row:
    return ROWS.setdefault(name, Row(name))


def lines() -> list[str]:
    """Two lines a breakage, three where guards mask it: within 100 columns."""
    out = []
    for n, one in enumerate(ROWS.values(), 1):
        rose = f"{one.figure} {one.whole:g} -> {one.broken:g} {one.unit}" if one.figure else "not shown"
        out.append(f"{n:>2}. {one.name:<46} {rose}")
        if one.guards:
            alone = f"refused by {one.refused_by}" if one.refused_by else one.alone or "nothing comes of it"
            out.append(f"    alone: {alone}; shown together with: {', '.join(one.guards)}")
        if one.unseen:
            out.append(f"    without the trap {one.trap}: {one.unseen}")
    return out
