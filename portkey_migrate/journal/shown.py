"""The journal's rows as screens get them: the names of `rows.py` without its dataclasses, whose import costs `status` more than SQLite does.

A test holds the two together, field by field. What a screen does not show is not decoded: `found`, `change` and `undo` stay JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from portkey_migrate.journal.columns import moment

Cells = Sequence[Any]


class Shown:
    """One row; its fields are its attributes."""

    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


class Answer(Shown):
    """As model.Answer."""

    verdict: str
    values: Mapping[str, Any]
    why: str
    fix: str
    waits_for: str

    @property
    def passes(self) -> bool:
        return self.verdict in ("ok", "warn", "skip")


class Subject(Shown):
    """As rows.Subject."""

    kind: str
    name: str
    state: str
    version: int
    method: str
    phase: str
    position: int
    since: datetime | None
    gate: str
    soak_until: datetime | None
    outage: float

    @property
    def id(self) -> str:
        return f"{self.kind}/{self.name}"


class Transition(Shown):
    """As rows.Transition; `found` is JSON text."""

    id: int
    subject: str
    leaves: str
    reaches: str
    direction: str
    method: str
    key: str
    plan_hash: str
    tool_version: str
    found: str
    begun: datetime
    of: int | None
    by_itself: bool
    why: str
    ended: datetime | None
    down_from: datetime | None
    down_to: datetime | None
    outcome: str | None
    error: str
    who: str


class Row(Shown):
    """As rows.Row; `change` and `undo` are JSON text, or None."""

    transition: int
    n: int
    name: str
    item: Mapping[str, Any]
    change: str | None
    undo: str | None
    undoes: tuple[int, int] | None
    attempt: int
    sent_at: datetime | None
    sent_under: str
    reply: str
    doubt_until: datetime | None
    answer: Answer | None
    done_at: datetime | None

    @property
    def in_doubt(self) -> bool:
        return self.attempt > 0 and (self.reply in ("", "no-reply") or self.doubt_until is not None)


class Asked(Shown):
    """As rows.Asked."""

    subject: str
    check: str
    answer: Answer
    at: datetime
    transition: int | None
    cluster_uid: str
    data: Mapping[str, Any]


class Pin(Shown):
    """As rows.Pin."""

    role: str
    uid: str
    ca_sha256: str
    at: datetime
    who: str


_BLANK = {"values": {}, "why": "", "fix": "", "waits_for": ""}
_TIMES = frozenset({"since", "soak_until", "begun", "ended", "down_from", "down_to", "sent_at", "doubt_until", "done_at", "at"})


def _made(kind: type[Any], cells: Cells) -> Any:
    names = kind.__annotations__
    return kind(**{name: moment(cell) if name in _TIMES else cell for name, cell in zip(names, cells, strict=True)})


def answer_from(stored: str | None) -> Answer | None:
    return None if stored is None else Answer(**{**_BLANK, **{key: value for key, value in json.loads(stored).items() if key != "watch"}})


def subject_from(cells: Cells) -> Subject:
    subject: Subject = _made(Subject, cells)
    return subject


def transition_from(cells: Cells) -> Transition:
    transition: Transition = _made(Transition, cells)
    transition.by_itself = bool(transition.by_itself)
    return transition


def row_from(cells: Cells) -> Row:
    undoes = None if cells[6] is None else (cells[6], cells[7])
    row: Row = _made(Row, (*cells[:6], undoes, *cells[8:]))
    row.item, row.answer = json.loads(cells[3]), answer_from(cells[13])
    return row


def asked_from(cells: Cells) -> Asked:
    asked: Asked = _made(Asked, cells)
    asked.answer, asked.data = answer_from(cells[2]) or Answer(**_BLANK, verdict="unknown"), json.loads(cells[6])
    return asked


def pin_from(cells: Cells) -> Pin:
    pin: Pin = _made(Pin, cells)
    return pin
