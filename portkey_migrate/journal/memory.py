"""What the writer knows of its own journal. The engine asks at every step, inside an outage too, and nobody but this process writes."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager

from portkey_migrate.journal.commit import Commits
from portkey_migrate.journal.looks import Looks, standing
from portkey_migrate.journal.rows import Row, Transition


class Memory(Looks):
    """A look's answer is kept until something is written that may have changed it; `Commits.version` says when."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._moves: dict[str, tuple[tuple[int, int], list[Transition]]] = {}
        self._rows: dict[int, tuple[tuple[int, int], list[Row]]] = {}

    def transitions(self, subject_id: str) -> list[Transition]:
        version, found = self._moves.get(subject_id, (None, []))
        if version != self._commits.version():
            version, found = self._commits.version(), super().transitions(subject_id)
            self._moves[subject_id] = version, found
        return list(found)

    def rows(self, transition_id: int) -> list[Row]:
        version, found = self._rows.get(transition_id, (None, []))
        if version != self._commits.version(transition_id):
            version, found = self._commits.version(transition_id), super().rows(transition_id)
            self._rows[transition_id] = version, found
        return list(found)

    def open_transition(self, subject_id: str) -> Transition | None:
        return next((one for one in self.transitions(subject_id) if one.ended is None), None)

    def begun(self, subject_id: str, back_to: str, states: tuple[str, ...]) -> list[tuple[Transition, Row]]:
        stands = standing(self.transitions(subject_id), back_to, states)
        return [(move, one) for move in stands for one in self.rows(move.id) if one.attempt]

    def remember(self, old: Row, new: Row) -> Row:
        """What was just written over `old` is what the next read finds, if `old` is what is remembered and not an older copy of it."""
        version, found = self._rows.get(new.transition, (None, []))
        now = self._commits.version(new.transition)
        if version == (now[0], now[1] - 1) and any(one is old for one in found):
            self._rows[new.transition] = now, [new if one is old else one for one in found]
        return new

    def _read(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._commits.read()
