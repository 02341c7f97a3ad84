"""What the journal's rows are in memory: plain data, no database. The engine works on these; tables.py says how they lie on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from portkey_migrate.model import Answer, Change, Direction

Outcome = Literal["done", "went-back", "blocked", "parked"]


@dataclass(frozen=True)
class Pin:
    role: str  # source | target
    uid: str
    ca_sha256: str
    at: datetime
    who: str


@dataclass(frozen=True)
class Subject:
    kind: str
    name: str
    state: str
    version: int  # +1 with every new state; guards every write of it
    method: str = ""
    phase: str = ""  # the phase of the plan that names it
    position: int = 0  # its place in the plan; -1: the plan no longer names it
    since: datetime | None = None
    gate: str = ""  # why `advance` stops here
    soak_until: datetime | None = None
    outage: float = 0.0  # the plan's budget, seconds: screens made from the journal alone say "down 2m 03s of 5m"

    @property
    def id(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Transition:
    id: int
    subject: str  # "app/speedtest"
    leaves: str
    reaches: str
    direction: Direction
    method: str
    key: str  # `pm-<4 hex of the lineage>-<id>`: the prefix of every name made in it
    plan_hash: str
    tool_version: str
    found: Mapping[str, Any]  # what the app is made of, as found when it began
    begun: datetime
    of: int | None = None  # a back one: the first forward transition that it undoes
    by_itself: bool = False  # a back one that the engine began
    why: str = ""  # a back one: what failed
    ended: datetime | None = None
    down_from: datetime | None = None
    down_to: datetime | None = None
    outcome: Outcome | None = None
    error: str = ""
    who: str = ""  # the operator who began it


@dataclass(frozen=True)
class NewRow:
    name: str
    item: Mapping[str, Any]  # recipes.to_data(item)
    change: Change | None = None  # a back row: the undo as it was recorded
    undoes: tuple[int, int] | None = None  # (transition, n) of the forward row


@dataclass(frozen=True)
class Row:
    transition: int
    n: int
    name: str
    item: Mapping[str, Any]
    change: Change | None = None
    undo: tuple[Change, ...] = ()
    undoes: tuple[int, int] | None = None
    attempt: int = 0
    sent_at: datetime | None = None
    sent_under: str = ""
    reply: str = ""  # "" = no reply to the newest attempt, "ok", "conflict", "no-reply", "refused …"
    doubt_until: datetime | None = None  # a POST without reply may still come until then
    answer: Answer | None = None
    done_at: datetime | None = None

    @property
    def in_doubt(self) -> bool:
        """Some attempt has no reply, so its twin may still come."""
        return self.attempt > 0 and (self.reply in ("", "no-reply") or self.doubt_until is not None)


@dataclass(frozen=True)
class Asked:
    """One guard's answer, as recorded."""

    subject: str
    check: str
    answer: Answer
    at: datetime
    transition: int | None = None
    cluster_uid: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
