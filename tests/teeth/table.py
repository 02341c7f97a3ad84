"""The table at the end of `make teeth`: what was broken, which figure rose and by how much, what masks it, which trap makes it visible."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

#: The guarantees that are taken out, in the order in which they were asked for. A row's number is its place here.
NAMES = (
    "no hold",
    "hold not looked at again",
    "no fence",
    "Terminating Pod taken for gone",
    "attachment not waited for",
    "watcher not asked",
    "frozen node taken for quiet",
    "claim made inside the outage",
    "backup tag set during a scheduled sync",
    "empty backup believed",
    "routed before ready",
    "stale operationState kept",
    "second observe on resume",
    "act before intent",
    "blind repeat after a time-out",
    "undo of a write in doubt believed done",
    "back without stopping the target",
    "back from committed without a hold",
    "released into the source's repository",
    "schedule left parked",
    "source scaled up under its fence",
)
ROWS: dict[str, Row] = {}
_WIDE = 100


@dataclass
class Row:
    name: str
    figure: str = ""
    unit: str = ""
    whole: float = 0.0
    broken: float = 0.0
    verdict: str = ""  # of the broken run
    says: str = ""  # why that verdict is clean, where it is
    refused_by: str = ""
    alone: str = ""
    guards: tuple[str, ...] = ()
    trap: str = ""
    unseen: str = ""  # the figure without the trap


def row(name: str) -> Row:
    return ROWS.setdefault(name, Row(name))


def lines() -> list[str]:
    """One line a breakage, and below it what masks it and what makes it visible: within 100 columns."""
    out = []
    for one in sorted(ROWS.values(), key=lambda row: NAMES.index(row.name)):
        rose = f"{one.figure} {one.whole:g} -> {one.broken:g} {one.unit}; verdict {one.verdict}" if one.verdict else "not shown"
        out.append(f"{NAMES.index(one.name) + 1:>2}. {one.name:<39} {rose}")
        if one.guards:
            alone = f"refused by {one.refused_by}" if one.refused_by else one.alone or "nothing comes of it"
            out += _below(f"alone: {alone}; shown together with: {', '.join(one.guards)}")
        if one.unseen:
            out += _below(f"without the trap {one.trap}: {one.unseen}")
        if one.says:
            out += _below(one.says)
    return out


def _below(text: str) -> list[str]:
    return wrap(text, _WIDE, initial_indent="    ", subsequent_indent="      ", break_on_hyphens=False)
