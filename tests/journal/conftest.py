"""A clock that moves by itself, ids that are known, a small plan, and a journal on a real disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.journal.rows import NewRow, Transition
from portkey_migrate.journal.writer import Journal
from portkey_migrate.model import App, Change, Cluster, Item, Phase, Plan, Ref, Task

WAY = ("planned", "prepared", "started", "routed", "protected", "committed", "reclaimed")
CHANGE = Change(Ref("source", "Deployment", "a", "a"), {"spec.replicas": 1}, {"spec.replicas": 0})


class Ticking:
    """One second later at each look."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Known:
    """Ids that a test knows beforehand."""

    def __init__(self, who: str = "anna", pid: int = 4411) -> None:
        self._who, self._pid = who, pid

    def hex(self, length: int) -> str:
        return ("7c1e" * length)[:length]

    def who(self) -> str:
        return self._who

    def host(self) -> str:
        return "ws-12"

    def pid(self) -> int:
        return self._pid


def plan_of(*apps: str, **more: Any) -> Plan:
    """A plan of one phase with these apps in it and one task."""
    items = tuple((Item(f"app/{name}", "committed"),) for name in apps)
    fields: dict[str, Any] = {
        "name": "small",
        "timezone": "UTC",
        "source": Cluster("k3s"),
        "target": Cluster("talos"),
        "nodes": {},
        "apps": {name: App(name, "stateless", (name,), outage=60.0, soak=0.0) for name in apps},
        "tasks": {"agree": Task("agree", "ask")},
        "phases": (Phase("1-first", "they move", ((Item("task/agree", "done"),), *items)),),
        "at_once": {},
        "not_built": frozenset(),
        "hash": "8f2c",
        "home": "",
    }
    return Plan(**{**fields, **more})


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def open_journal(state: Path, clock: Ticking) -> Iterator[Callable[..., Journal]]:
    """Opens the journal of this test; whatever is still open at its end is closed."""
    with ExitStack() as stack:

        def opened(**options: Any) -> Journal:
            journal = Journal.open(state, **{"world": "real", "clock": clock, "ids": Known(), **options})
            stack.callback(journal.close)
            return journal

        yield opened


@pytest.fixture
def journal(open_journal: Callable[..., Journal]) -> Journal:
    """A journal that knows the plan with apps a and b."""
    made = open_journal()
    made.seed(plan_of("a", "b"))
    return made


@pytest.fixture
def begin() -> Callable[..., Transition]:
    """Begins a forward move of app a with two steps and a check, unless told otherwise."""

    def begun(journal: Journal, leaves: str = "planned", reaches: str = "prepared", **more: Any) -> Transition:
        rows = [NewRow("fence-on", {"do": "step"}), NewRow("scale-to-0", {"do": "step"}), NewRow("hold-holds", {"do": "check"})]
        given = {"direction": "forward", "method": "stateless", "rows": rows, "plan_hash": "8f2c", "found": {"namespace": "a"}}
        return journal.begin(more.pop("subject", "app/a"), leaves=leaves, reaches=reaches, **{**given, **more})

    return begun
