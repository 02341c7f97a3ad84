"""The journal as screens read it: the standard sqlite3 alone, `mode=ro`, never a checkpoint, never a byte written to it.

It also reads what a killed writer left in `-wal`, and while another process moves apps. With 10,000 apps it reads one page and counts the
rest by an index.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from portkey_migrate.journal import file, lock
from portkey_migrate.journal.columns import ASKED, PIN, ROW, SUBJECT, TRANSITION, when
from portkey_migrate.journal.lock import Holder
from portkey_migrate.journal.shown import Asked, Pin, Row, Shown, Subject, Transition, asked_from, pin_from, row_from, subject_from, transition_from

if TYPE_CHECKING:
    from portkey_migrate.journal.looks import View as View  # noqa: PLC0414 - given on by `__getattr__` below

_FEW = 3


class Move(Shown):
    """One transition with its rows and with what its guards answered."""

    def __init__(self, transition: Transition, rows: Sequence[Row] = (), answers: Sequence[Asked] = ()) -> None:
        """Rows in order."""
        self.transition, self.rows, self.answers = transition, tuple(rows), tuple(answers)


class Snapshot(Shown):
    """What one look at the journal saw, all of one moment."""

    world: str
    lineage: str
    plan: Mapping[str, Any]  # as seeded: name, hash, timezone, source, target, apps, nodes, tasks, phases [{name, goal}], not_built
    operator: Holder | None  # who holds the lock, or held it last
    held: bool | None  # whether it is held now; None: this system cannot say
    subjects: tuple[Subject, ...]  # the first page: what is parked, what is open, then in the plan's order
    totals: Mapping[str, Mapping[str, int]]  # kind → state → how many
    open: tuple[Move, ...]  # transitions that have not ended, whole, oldest first
    last: Mapping[str, Move]  # subject shown → its newest ended transition, with the last few rows that are done
    pins: Mapping[str, Pin]
    refused: Mapping[str, tuple[Asked, ...]]  # subject shown → what its guards answered at the newest refusal before a transition began
    past: Mapping[str, Past] = MappingProxyType({})  # app shown that has moved → what was wanted of its past

    @property
    def count(self) -> int:
        return sum(sum(states.values()) for states in self.totals.values())


class Past(Shown):
    """What one subject has behind it: what a screen tells of its data comes from here, and from nowhere else."""

    def __init__(self, moves: Sequence[Transition], rows: Sequence[Row], answers: Sequence[Asked]) -> None:
        """`moves`: all of them, oldest first; `rows`: those of the names that were wanted and are done; `answers`: of those checks, oldest first."""
        self.moves, self.rows, self.answers = tuple(moves), tuple(rows), tuple(answers)


class Told(Shown):
    """One entry of the history: a move, or answers of guards that let none begin."""

    def __init__(self, at: datetime, subject: str, move: Move | None, answers: Sequence[Asked] = ()) -> None:
        """`at`: when the move began, or when the guards were asked."""
        self.at, self.subject, self.move, self.answers = at, subject, move, tuple(answers)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """One read transaction: everything in it is of one moment."""
    file.look(path, None)
    db: sqlite3.Connection | None = None
    try:
        db = _opened(path)
        file.about(db, path)
        yield db
    except sqlite3.Error as fault:
        raise file.unreadable(path, fault) from None
    finally:
        if db is not None:
            db.close()


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file.uri(path, "mode=ro"), uri=True, isolation_level=None, timeout=1.0)
    try:
        db.execute("BEGIN")
        db.execute("SELECT 1 FROM meta").fetchone()
    except sqlite3.OperationalError:
        db.close()
        wal = path.with_name(path.name + "-wal")
        if wal.exists() and wal.stat().st_size:
            raise
        # A disk that is read-only has no room for WAL's shared memory; without a -wal the file alone is the journal, and nobody writes it.
        db = sqlite3.connect(file.uri(path, "mode=ro&immutable=1"), uri=True, isolation_level=None)
        db.execute("BEGIN")
    return db


def holder_of(path: Path) -> Holder | None:
    """The lock's row: who holds it, or held it last."""
    if not path.exists():
        return None
    with reading(path) as db:
        return _holder(db)


def _holder(db: sqlite3.Connection) -> Holder | None:
    cells = db.execute("SELECT who, host, pid, since, doing FROM lock").fetchone()
    return Holder(cells[0], cells[1], cells[2], datetime.fromisoformat(cells[3]), cells[4]) if cells else None


def load(state: Path, *, page: int | None = 40, wanted: Sequence[str] = (), but: Sequence[str] = ()) -> Snapshot | None:
    """One look; None where there is no journal yet. `page` None: every subject.

    `wanted`: fronts of the names of rows, and ids of checks, that the past of an app is asked for; not of the methods in `but`.
    """
    path = file.path_of(Path(state))
    if not path.exists():
        return None
    with reading(path) as db:
        meta = dict(db.execute("SELECT name, value FROM meta"))
        moving = [transition_from(c) for c in db.execute(f"SELECT {TRANSITION} FROM transitions WHERE ended IS NULL ORDER BY id")]
        shown = _page(db, moving, -1 if page is None else page)
        moved = {t.subject for t in moving}
        totals: dict[str, dict[str, int]] = {}
        for kind, name, count in db.execute("SELECT kind, state, COUNT(*) FROM subjects GROUP BY kind, state"):
            totals.setdefault(kind, {})[name] = count
        return Snapshot(
            world=meta["world"],
            lineage=meta["lineage"],
            plan=json.loads(meta.get("plan", "{}")),
            operator=_holder(db),
            held=lock.held(Path(state)),
            subjects=tuple(shown),
            totals=totals,
            open=tuple(Move(t, _rows(db, t.id), _answers(db, t.id)) for t in moving),
            last={s.id: move for s in shown if (move := _last(db, s.id))},
            pins={pin.role: pin for pin in map(pin_from, db.execute(f"SELECT {PIN} FROM pins ORDER BY role"))},
            refused={s.id: asked for s in shown if (asked := _refused(db, s.id))},
            past={
                s.id: _past(db, s.id, wanted)
                for s in shown
                if wanted and s.kind == "app" and s.method not in but and (s.since is not None or s.id in moved)
            },
        )


def _page(db: sqlite3.Connection, moving: Sequence[Transition], page: int) -> list[Subject]:
    """Parked first, then what else is open, then in the plan's order; each at most once."""
    first = sorted(moving, key=lambda t: (t.outcome != "parked", t.id))
    shown: dict[str, Subject] = {}
    for move in first if page < 0 else first[:page]:
        kind, name = move.subject.split("/", 1)
        cells = db.execute(f"SELECT {SUBJECT} FROM subjects WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        shown[move.subject] = subject_from(cells)
    # `position < 0` (the plan no longer names it) is a query of its own, so that the index gives the order and the page ends the scan.
    for named in (">= 0", "< 0"):
        for cells in db.execute(f"SELECT {SUBJECT} FROM subjects WHERE position {named} ORDER BY position, kind, name"):
            if 0 <= page <= len(shown):
                return list(shown.values())
            subject = subject_from(cells)
            shown.setdefault(subject.id, subject)
    return list(shown.values())


def _rows(db: sqlite3.Connection, transition: int) -> tuple[Row, ...]:
    return tuple(row_from(c) for c in db.execute(f'SELECT {ROW} FROM rows WHERE "transition" = ? ORDER BY n', (transition,)))


def _answers(db: sqlite3.Connection, transition: int) -> tuple[Asked, ...]:
    return tuple(asked_from(c) for c in db.execute(f'SELECT {ASKED} FROM answers WHERE "transition" = ? ORDER BY id', (transition,)))


def _last(db: sqlite3.Connection, subject: str) -> Move | None:
    query = f"SELECT {TRANSITION} FROM transitions WHERE subject = ? AND ended IS NOT NULL ORDER BY id DESC LIMIT 1"
    cells = db.execute(query, (subject,)).fetchone()
    if cells is None:
        return None
    move = transition_from(cells)
    few = f'SELECT {ROW} FROM rows WHERE "transition" = ? AND done_at IS NOT NULL ORDER BY n DESC LIMIT ?'
    return Move(move, tuple(reversed([row_from(c) for c in db.execute(few, (move.id, _FEW))])))


def _past(db: sqlite3.Connection, subject: str, wanted: Sequence[str]) -> Past:
    """Only what was wanted is decoded: an app that has gone all the way has 150 rows, and a screen tells of ten."""
    moves = [transition_from(c) for c in db.execute(f"SELECT {TRANSITION} FROM transitions WHERE subject = ? ORDER BY id", (subject,))]
    rows = [
        row_from(c)
        for move in moves
        for c in db.execute(f'SELECT {ROW} FROM rows WHERE "transition" = ? AND done_at IS NOT NULL ORDER BY n', (move.id,))
        if c[2].startswith(tuple(wanted))
    ]
    query = f'SELECT {ASKED} FROM answers WHERE subject = ? AND "check" IN ({", ".join("?" * len(wanted))}) ORDER BY id'
    return Past(moves, rows, [asked_from(c) for c in db.execute(query, (subject, *wanted))])


def _refused(db: sqlite3.Connection, subject: str) -> tuple[Asked, ...]:
    """The newest answers without a transition, where they are newer than the subject's newest transition and one of them refused."""
    loose = 'subject = ? AND "transition" IS NULL'
    newest = db.execute(f"SELECT MAX(at) FROM answers WHERE {loose}", (subject,)).fetchone()[0]
    begun = db.execute("SELECT MAX(COALESCE(ended, begun)) FROM transitions WHERE subject = ?", (subject,)).fetchone()[0]
    if newest is None or (begun is not None and begun > newest):
        return ()
    query = f"SELECT {ASKED} FROM answers WHERE {loose} AND at = ? ORDER BY id"
    asked = tuple(asked_from(c) for c in db.execute(query, (subject, newest)))
    return asked if any(a.answer.verdict in ("block", "unknown", "not-yet") for a in asked) else ()


def history(state: Path, subject: str | None = None, since: datetime | None = None) -> list[Told]:
    """Every move with its rows, and every refusal before one began, oldest first. No journal: nothing."""
    path = file.path_of(Path(state))
    if not path.exists():
        return []
    limits = {"subject": subject, "since": when(since)}
    with reading(path) as db:
        moves = db.execute(
            f"SELECT {TRANSITION} FROM transitions WHERE (:subject IS NULL OR subject = :subject)"
            " AND (:since IS NULL OR begun >= :since) ORDER BY id",
            limits,
        ).fetchall()
        told = [Told(move.begun, move.subject, Move(move, _rows(db, move.id), _answers(db, move.id))) for move in map(transition_from, moves)]
        loose: dict[tuple[datetime, str], list[Asked]] = {}
        for asked in map(
            asked_from,
            db.execute(
                f'SELECT {ASKED} FROM answers WHERE "transition" IS NULL AND (:subject IS NULL OR subject = :subject)'
                " AND (:since IS NULL OR at >= :since) ORDER BY id",
                limits,
            ),
        ):
            loose.setdefault((asked.at, asked.subject), []).append(asked)
        told += [Told(at, who, None, tuple(answers)) for (at, who), answers in loose.items()]
    return sorted(told, key=lambda entry: entry.at)


#: A change may carry a time of its own (when a backup was asked for): a run that was killed asks a little later.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.0-9]*(?:Z|[+-]\d\d:\d\d)")


def fold(state: Path) -> str:
    """What the journal comes to, as one text: where every subject stands, and of every move the rows with what was changed and how back.

    Without times, attempts, evidence and operators: a run that was killed and went on has the same fold as one that was not.
    """
    path = file.path_of(Path(state))
    with reading(path) as db:
        subjects = db.execute("SELECT kind, name, state, gate FROM subjects ORDER BY kind, name").fetchall()
        moves = []
        query = f"SELECT {TRANSITION} FROM transitions ORDER BY id"
        for move in map(transition_from, db.execute(query).fetchall()):
            rows = db.execute(
                'SELECT n, name, item, change, undo, undoes_transition, undoes_n, done_at IS NOT NULL FROM rows WHERE "transition" = ? ORDER BY n',
                (move.id,),
            ).fetchall()
            moves.append([move.subject, move.leaves, move.reaches, move.direction, move.method, move.of, move.ended is not None, move.outcome, rows])
    return _TIME.sub("T", json.dumps({"subjects": subjects, "moves": moves}, separators=(",", ":")))


def __getattr__(name: str) -> object:
    if name == "View":  # the engine's reader needs every noun; it comes when it is asked for
        from portkey_migrate.journal.looks import View

        return View
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
