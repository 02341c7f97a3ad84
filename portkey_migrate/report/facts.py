"""What is known of an app's data, each fact with its evidence and its age: told from rows and answers in the journal, in words and no more.

A fact that no row holds is not said, and what nobody measured is said to be not measured: a screen that rounds up is believed once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from portkey_migrate.journal import outages
from portkey_migrate.report import words, writing
from portkey_migrate.report.serving import AFTER_THE_PIVOT, NO_OUTAGE, Moving

_TALOS = ("one-watcher", "probe-answers", "seen-from-outside")
_K3S = ("source-has-the-one-watcher", "source-answers", "seen-at-the-source")
_ONLY_NAMES = ("planned", "prepared")


def of(subject: Any, past: Any, moving: Moving | None, serves: str, now: datetime, tz: tzinfo | None) -> tuple[tuple[str, str], ...]:
    """Every fact of one app, (what it is about, what is known), in the order in which a person asks."""
    if past is None or subject.method in NO_OUTAGE:
        return ()
    at = _Look(past, now, tz)
    return tuple(
        (about, said)
        for about, said in (
            ("data", _data(at, subject, moving, serves)),
            ("people", _people(at, subject, serves)),
            ("way back", _back(at, subject, moving, serves)),
            ("shut out", _shut_out(at)),
            ("backup", _backup(at)),
            ("VM snapshot", _vm(at)),
            ("kept", _kept(at)),
            ("last move", _who(at)),
        )
        if said
    )


def node(past: Any) -> str:
    """Where the app ran on K3s when a move last looked; "" where none did."""
    return node_in(past.rows) if past is not None else ""


def node_in(rows: Sequence[Any]) -> str:
    """The same of some rows."""
    seen = [row for row in rows if row.name == "writer-is-known" and row.done_at is not None]
    return words.listed([str(one) for one in _values(seen[-1]).get("nodes") or []]) if seen else ""


class _Look:
    """The newest of each, by name."""

    def __init__(self, past: Any, now: datetime, tz: tzinfo | None) -> None:
        self.past, self.now, self.tz = past, now, tz
        self._rows = {row.name.partition("#")[0]: row for row in past.rows}

    def row(self, *names: str) -> Any | None:
        """The newest done one of these names."""
        found = [row for name in names if (row := self._rows.get(name)) is not None]
        return max(found, key=lambda row: (row.transition, row.n), default=None)

    def answer(self, check: str) -> Any | None:
        """The newest answer of a guard."""
        return next((asked for asked in reversed(self.past.answers) if asked.check == check), None)

    def when(self, at: datetime) -> str:
        return f"{words.clock(at, self.now, self.tz)} ({words.ago(at, self.now)})"


def _values(row: Any) -> dict[str, Any]:
    return dict(row.answer.values) if row is not None and row.answer is not None else {}


def _data(at: _Look, subject: Any, moving: Moving | None, serves: str) -> str:
    """What was proved about the data, where and when; never more than was looked at."""
    if serves == "nobody":
        known = at.row("writer-is-known")
        last = f", before the outage {known.answer.why.partition('RBD image, ')[2] or 'open on K3s'}" if known is not None else ""
        return f"one RBD image, the same on both sides{last}; now {writing.writer(moving, node=node(at.past))}"
    proof = at.row(_TALOS[0], _K3S[0])
    if proof is None:
        return "K3s has its volume as ever; nothing of it was read, copied or opened elsewhere" if subject.state in _ONLY_NAMES else ""
    seen = at.row(*(_TALOS if proof.name == _TALOS[0] else _K3S)[1:])
    nodes = _values(proof).get("nodes") or []
    opened = f"same RBD image, opened by {words.listed([str(one) for one in nodes])} alone" if nodes else str(proof.answer.why or "same RBD image")
    return f"{opened}, {answered(seen)}contents not read; seen {at.when(proof.done_at)}"


def answered(row: Any) -> str:
    """`/alive 200, `: what the app answered when it was asked; nothing where it was not."""
    values = _values(row)
    return f"{values.get('path') or '/'} {values['value']}, " if values.get("value") else ""


def _people(at: _Look, subject: Any, serves: str) -> str:
    row = at.row("seen-from-outside", "seen-at-the-source")
    address = _values(row).get("address", "") if row is not None else ""
    door = f"K3s's ingress{f' ({address})' if address else ''}"
    if serves == "Talos" and subject.state in AFTER_THE_PIVOT:
        return f"come through {door}, which hands them on to Talos; DNS is as it was"
    if serves == "nobody":
        return f"come to {door}, which has nothing behind it now; DNS is as it was"
    return f"come through {door} to K3s, as before" if serves == "K3s" else ""


def _back(at: _Look, subject: Any, moving: Moving | None, serves: str) -> str:
    """Lossless or not, for how long, until when."""
    if moving is not None and moving.transition.direction == "back":
        return "under way: lossless (same image)"
    nodes = node(at.past) or "its node"
    if serves == "Talos" and subject.state in AFTER_THE_PIVOT:
        if subject.state == "reclaimed":
            return "none: K3s's copy is gone"
        return f"lossless (same image), when asked for, {_down(outages.asked_back(at.past.moves))}, until {nodes} leaves K3s or the image changes"
    if moving is not None and moving.transition.outcome == "parked":
        return f"lossless (same image), when asked for; nothing starts on K3s before its old Pods have ended and {nodes} has answered"
    if moving is not None:
        measured = outages.by_itself(at.past.moves)
        takes = f"about {words.duration(measured)}" if measured else "about a minute"
        return f"by itself if this fails before people write on Talos, {takes}, nothing lost"
    return ""


def _down(measured: float | None) -> str:
    return f"about {words.duration(measured)} down" if measured else "about a minute down (not measured yet)"


def _backup(at: _Look) -> str:
    """The newest two that are known to be whole, newest first; one that a check refused is named as what it is."""
    known: list[tuple[datetime, str]] = []
    for name, label in (("target-backup-is-real", "first one on Talos"), ("backup-is-real", "safety backup before the outage")):
        row = at.row(name)
        if row is not None:
            kept = _values(row).get("snapshot")
            known.append((row.done_at, f"{label} {at.when(row.done_at)}{f', restic snapshot {kept}' if kept else ''}"))
    fresh = at.answer("backup-is-fresh")
    if fresh is not None and fresh.answer.passes and fresh.answer.values.get("ended"):
        ended = datetime.fromisoformat(str(fresh.answer.values["ended"]))
        known.append((ended, f"newest of its schedule that was seen {at.when(ended)}"))
    elif fresh is not None and not known:
        return f"{'' if fresh.answer.passes else 'not safe: '}{fresh.answer.why}; asked {at.when(fresh.at)}"
    return "; ".join(said for _, said in sorted(known, reverse=True)[:2])


def _vm(at: _Look) -> str:
    """Of the machines: when the oldest of their newest snapshots was made, as the check saw it."""
    asked = at.answer("vm-snapshot-exists")
    if asked is None:
        return ""
    oldest = asked.answer.values.get("oldest")
    made = f", the oldest made {at.when(datetime.fromisoformat(str(oldest)))}" if oldest else ""
    return f"{asked.answer.why}{made}; asked {at.when(asked.at)}"


def _kept(at: _Look) -> str:
    """What stays for the way back and costs room: names that a person can look up."""
    points = [_name(row) for row in at.past.rows if row.name.startswith("restore-point-")]
    made, gone = (_last(at.past.rows, front) for front in ("sync-source:", "undo-sync-source:"))
    said = [f"RBD snapshots {words.listed(points, 6)}" if len(points) > 1 else f"RBD snapshot {points[0]}"] if points else []
    if made is not None:
        quiet = gone is not None and gone.transition > made.transition
        said.append(f"Talos's own restic repository{' (nothing writes to it now)' if quiet else ''}")
    one = len(said) == len(points) == 1
    return f"{', '.join(said)}; nobody needs {'it' if one else 'them'} once the soak is over and you are content" if said else ""


def _shut_out(at: _Look) -> str:
    """A fence that was put, and stays until somebody takes it off: forgotten, it is the next outage."""
    put, off = (_last([row for row in at.past.rows if row.attempt], front) for front in ("blocklist:", "undo-blocklist:"))
    if put is None or (off is not None and off.transition > put.transition):
        return ""
    return f"K3s's old writer {_ref(put)[1]}, from Ceph, {at.when(put.done_at)}: its node had not answered; `migrate rollback` takes it off"


def _last(rows: Sequence[Any], front: str) -> Any | None:
    return next((row for row in reversed(rows) if row.name.startswith(front)), None)


def _name(row: Any) -> str:
    """The snapshot as `rbd` names it; a row that changed nothing has no change."""
    return "/".join(_ref(row)) if row.change is not None else str(row.name)


def _ref(row: Any) -> tuple[str, str]:
    """Namespace (or pool) and name of what a row changed; on disk a change is text."""
    if isinstance(row.change, str):
        _system, _kind, place, name = json.loads(row.change)["ref"]
        return str(place), str(name)
    return row.change.ref.namespace, row.change.ref.name


def _who(at: _Look) -> str:
    if not at.past.moves:
        return ""
    move = at.past.moves[-1]
    way = f"{move.leaves} -> {move.reaches}" + (", back" if move.direction == "back" else "") + (" by itself" if move.by_itself else "")
    return f"{move.who or 'somebody'}, {way}, begun {at.when(move.begun)}"
