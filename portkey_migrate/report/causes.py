"""Why a preflight is red, counted: nineteen red checks of twelve apps are three things to do, and that is what a person wants to know.

Two red answers have one cause where the same line mends them; the names of the subjects in it do not count. Where no answer names a line,
one check is one cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from portkey_migrate.report import words

_RED = ("block", "unknown", "not-yet")
#: What is said first: a loss that nobody has noticed yet is worse than a move that cannot begin.
_OF_THE_DATA = ("backup", "retain", "restic", "volume", "claim", "snapshot")
_SAID = (
    ("tool", "the tool can fix", "the tool can fix"),
    ("commit", "is a commit", "are commits"),
    ("hand", "is done by hand", "are done by hand"),
    ("look", "needs a look", "need a look"),
)
_COMMITTED = ("commit", ".yaml", "#", "image:")


class Cause(NamedTuple):
    """One thing to do, and what it would mend."""

    why: str  # as its first answer says it
    fix: str
    by: str  # tool | commit | hand | look: no answer names a line
    checks: tuple[str, ...]  # "app/vaultwarden: backup-keeps-three"


def of(asked: Iterable[Any]) -> list[Cause]:
    """Those about data first, then those that mend most."""
    found: dict[str, list[Any]] = {}
    for one in asked:
        if one.answer.verdict in _RED:
            found.setdefault(_key(one), []).append(one)
    causes = [_cause(several) for several in found.values()]
    return sorted(causes, key=lambda cause: (not _data(cause.checks[0]), -len(cause.checks), cause.checks[0]))


def said(asked: Sequence[Any]) -> list[str]:
    """A true thing that was not known, then the count: what the first preflight is for."""
    causes = of(asked)
    if not causes:
        return []
    subject, _, _check = causes[0].checks[0].partition(": ")
    red = sum(len(cause.checks) for cause in causes)
    counted = [(sum(cause.by == by for cause in causes), one, many) for by, one, many in _SAID]
    parts = ", ".join(f"{number} {one if number == 1 else many}" for number, one, many in counted if number)
    summed = f"{words.count(len(causes), 'cause explains', 'causes explain')} {words.count(red, 'red check')}"
    return [f"{subject.partition('/')[2] or subject}: {causes[0].why}", f"{summed}. {parts}. Nothing was changed."]


def _key(one: Any) -> str:
    name = one.subject.partition("/")[2]
    fix = str(one.answer.fix)
    return (fix.replace(name, "NAME") if name else fix) or str(one.check)


def _cause(several: Sequence[Any]) -> Cause:
    first = several[0]
    return Cause(first.answer.why, first.answer.fix, _by(first.answer.fix), tuple(f"{one.subject}: {one.check}" for one in several))


def _by(fix: str) -> str:
    """Who mends it, by what the line is: a command of ours, something to commit, else a person at another tool."""
    first = fix.strip()
    if first.split(" ")[0] == "migrate":
        return "tool"
    if not first:
        return "look"
    return "commit" if any(word in first.split(" ")[0] for word in _COMMITTED) else "hand"


def _data(check: str) -> bool:
    return any(word in check.partition(": ")[2] for word in _OF_THE_DATA)
