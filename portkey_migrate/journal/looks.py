"""What the engine asks of the journal without writing: the same questions for the one who holds the lock and for one who only looks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from portkey_migrate.errors import UnknownName
from portkey_migrate.journal import file
from portkey_migrate.journal.columns import PIN, ROW, SUBJECT, TRANSITION
from portkey_migrate.journal.read import reading
from portkey_migrate.journal.rows import Pin, Row, Subject, Transition
from portkey_migrate.journal.stored import pin_from, row_from, subject_from, transition_from


class Looks:
    """Reads by key and by index, through whatever connection `_read` gives."""

    def _read(self) -> AbstractContextManager[sqlite3.Connection]:
        raise NotImplementedError

    def pins(self) -> dict[str, Pin]:
        """By role."""
        with self._read() as db:
            return {pin.role: pin for pin in pins(db)}

    def subject(self, id_: str) -> Subject:
        """Raises KeyError where the journal does not know it."""
        with self._read() as db:
            return subject(db, id_)

    def subjects(self) -> list[Subject]:
        """In the plan's order; what the plan no longer names comes last."""
        with self._read() as db:
            return [subject_from(cells) for cells in db.execute(f"SELECT {SUBJECT} FROM subjects ORDER BY position < 0, position, kind, name")]

    def open_transition(self, subject_id: str) -> Transition | None:
        """The one that has not ended, parked ones too."""
        with self._read() as db:
            cells = db.execute(f"SELECT {TRANSITION} FROM transitions WHERE subject = ? AND ended IS NULL", (subject_id,)).fetchone()
            return transition_from(cells) if cells else None

    def transition(self, id_: int) -> Transition:
        """Raises KeyError where there is none."""
        with self._read() as db:
            cells = db.execute(f"SELECT {TRANSITION} FROM transitions WHERE id = ?", (id_,)).fetchone()
            if cells is None:
                raise KeyError(id_)
            return transition_from(cells)

    def transitions(self, subject_id: str) -> list[Transition]:
        """Oldest first."""
        with self._read() as db:
            return transitions(db, subject_id)

    def row(self, transition_id: int, n: int) -> Row:
        """Raises KeyError where there is none."""
        with self._read() as db:
            return row(db, transition_id, n)

    def rows(self, transition_id: int) -> list[Row]:
        """The whole recipe, in order."""
        with self._read() as db:
            return rows(db, transition_id)

    def begun(self, subject_id: str, back_to: str, states: tuple[str, ...]) -> list[tuple[Transition, Row]]:
        """Forward rows with a committed attempt, oldest first, of what stands since the subject last stood at `back_to`.

        What a finished way back went back over counts no more. `states`: the subject's way, in order.
        """
        with self._read() as db:
            stands = standing(transitions(db, subject_id), back_to, states)
            return [(move, one) for move in stands for one in rows(db, move.id) if one.attempt]


def standing(moves: Iterable[Transition], back_to: str, states: tuple[str, ...]) -> list[Transition]:
    """Of one subject's moves, oldest first, the forward ones that a way back to `back_to` has to undo."""
    place = {state: n for n, state in enumerate(states)}
    stands: list[Transition] = []
    for move in moves:
        for state in (move.leaves, move.reaches, back_to):
            if state not in place:
                message = f"the journal names a state {state!r} of {move.subject} that this version does not know"
                raise UnknownName(message, why=f"it was written by portkey-migrate {move.tool_version}")
        if move.direction == "forward":
            stands.append(move)
        elif move.outcome == "done":
            stands = [one for one in stands if place[one.leaves] < place[move.reaches] or _stays(one, move)]
    return [move for move in stands if place[move.leaves] >= place[back_to]]


def _stays(one: Transition, back: Transition) -> bool:
    """What was done again, and arrived, stands when a later try of the same went back to where it began."""
    return one.leaves == one.reaches == back.leaves == back.reaches and one.outcome == "done"


class View(Looks):
    """The same questions without the lock (`plan`, `preflight`). Before there is a journal it knows nothing, and that is no error."""

    def __init__(self, state: Path) -> None:
        """`state` need not exist; nothing is made."""
        self._path = file.path_of(Path(state))
        meta = file.look(self._path, None) if self._path.exists() else {}
        self.world, self.lineage = meta.get("world", ""), meta.get("lineage", "")

    def _read(self) -> AbstractContextManager[sqlite3.Connection]:
        return reading(self._path) if self._path.exists() else _nothing()


@contextmanager
def _nothing() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:")
    for table, columns in {"subjects": SUBJECT, "transitions": TRANSITION, "rows": ROW, "pins": PIN}.items():
        db.execute(f"CREATE TABLE {table} ({columns})")
    yield db
    db.close()


def pins(db: sqlite3.Connection) -> list[Pin]:
    """Every pin, source before target."""
    return [pin_from(cells) for cells in db.execute(f"SELECT {PIN} FROM pins ORDER BY role")]


def subject(db: sqlite3.Connection, id_: str) -> Subject:
    """Raises KeyError where the journal does not know it."""
    kind, _, name = id_.partition("/")
    cells = db.execute(f"SELECT {SUBJECT} FROM subjects WHERE kind = ? AND name = ?", (kind, name)).fetchone()
    if cells is None:
        raise KeyError(id_)
    return subject_from(cells)


def transitions(db: sqlite3.Connection, subject_id: str) -> list[Transition]:
    """Of one subject, oldest first."""
    return [transition_from(cells) for cells in db.execute(f"SELECT {TRANSITION} FROM transitions WHERE subject = ? ORDER BY id", (subject_id,))]


def row(db: sqlite3.Connection, transition_id: int, n: int) -> Row:
    """Raises KeyError where there is none."""
    cells = db.execute(f'SELECT {ROW} FROM rows WHERE "transition" = ? AND n = ?', (transition_id, n)).fetchone()
    if cells is None:
        raise KeyError((transition_id, n))
    return row_from(cells)


def rows(db: sqlite3.Connection, transition_id: int) -> list[Row]:
    """Of one transition, in order."""
    return [row_from(cells) for cells in db.execute(f'SELECT {ROW} FROM rows WHERE "transition" = ? ORDER BY n', (transition_id,))]
