"""What to type next: the command that goes on and the one that goes back, with what each does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portkey_migrate.report import words
from portkey_migrate.report.serving import Moving
from portkey_migrate.report.status import Standing

Commands = list[tuple[str, str]]

AT_FIRST = (
    ("migrate plan", "what would be done, each step with its undo"),
    ("migrate preflight", "asks, changes nothing"),
    ("migrate advance", "begins"),
)


def commands(stands: Sequence[Standing], moving: Mapping[str, Moving], totals: Mapping[str, Mapping[str, int]], *, held: bool) -> Commands:
    """What is half-done comes first, then what waits for a person, then what failed, then the plan."""
    if held:
        return [("migrate status", "the other command is still at work")]
    return _half_done(moving) or _waits(stands, due=True) or _failed(stands) or _waits(stands, due=False) or _plan(totals)


def _half_done(moving: Mapping[str, Moving]) -> Commands:
    """A parked move before one that was only interrupted: it is the one that cannot go on by itself."""
    for one in sorted(moving.values(), key=lambda move: move.transition.outcome != "parked"):
        typed = words.typed(one.transition.subject)
        if one.transition.direction == "back":
            return [(f"migrate rollback {typed}", "finishes the way back")]
        return [(f"migrate advance {typed}", "looks, then goes on"), (f"migrate rollback {typed}", "goes back, nothing lost")]
    return []


def _waits(stands: Sequence[Standing], *, due: bool) -> Commands:
    for one in stands:
        soaks = one.note.startswith("soaks until")
        if one.symbol == "‖" and one.subject.startswith("app/") and soaks != due:
            typed = words.typed(one.subject)
            return [(f"migrate advance {typed}", f"once it is due: {one.note}" if soaks else "goes on"), (f"migrate rollback {typed}", "goes back")]
    return []


def _failed(stands: Sequence[Standing]) -> Commands:
    for one in stands:
        if one.symbol == "✖":
            typed = words.typed(one.subject)
            if one.note.startswith("refused") and one.subject.startswith("app/"):
                return [(f"migrate preflight {typed}", "asks again, and says what mends it"), (f"migrate advance {typed}", "tries again")]
            again, told = (f"migrate advance {typed}", "tries again"), (f"migrate history {typed}", "what happened")
            return [again, told] if one.note.startswith("refused") else [told, again]
    return []


def _plan(totals: Mapping[str, Mapping[str, int]]) -> Commands:
    return [] if set(totals.get("phase", {})) == {"closed"} else [("migrate advance", "the next phase, to its next gate")]
