"""Journals of a given size, made by the real writer; the bulk of the rows is then copied inside SQLite, for a synced step takes its time.

Run by itself, so that the process that measures stays small: the peak memory of a child is never seen below its parent's.
"""

from __future__ import annotations

import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portkey_migrate.journal import Journal, NewRow
from portkey_migrate.model import App, Change, Cluster, Item, Phase, Plan, Ref, ok

STEPS = 12
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Ticks:
    """A clock that moves a second a look and never waits."""

    def __init__(self) -> None:
        self._looks = 0

    def now(self) -> datetime:
        self._looks += 1
        return START + timedelta(seconds=self._looks)

    def monotonic(self) -> float:
        return float(self._looks)

    def sleep(self, seconds: float) -> None:
        self._looks += int(seconds)


class Numbered:
    """Ids that are the same in every run."""

    def hex(self, length: int) -> str:
        return "0123456789abcdef"[:length].ljust(length, "0")

    def who(self) -> str:
        return "bench"

    def host(self) -> str:
        return "here"

    def pid(self) -> int:
        return 1


def plan(apps: int) -> Plan:
    """One phase with so many stateless apps."""
    names = [f"app-{n:05}" for n in range(apps)]
    return Plan(
        name="bench",
        timezone="UTC",
        source=Cluster("k3s"),
        target=Cluster("talos"),
        nodes={},
        apps={name: App(name, "stateless", (name,), 180.0, 3600.0) for name in names},
        tasks={},
        phases=(Phase("1-all", "all of them", tuple((Item(f"app/{name}", "committed"),) for name in names)),),
        at_once={"prepare": 1, "cutover": 1},
        not_built=frozenset(),
        hash="0" * 64,
        home=".",
    )


def change(n: int) -> Change:
    """About 350 bytes as JSON, as a real scale or patch is."""
    ref = Ref("source", "Deployment", "speedtest", f"speedtest-{n}")
    return Change(ref, {"spec.replicas": 1, "metadata.annotations.portkey-migrate\\.io/made-by": None}, {"spec.replicas": 0}, {})


def rows(count: int = STEPS) -> list[NewRow]:
    """A recipe of so many steps, as data."""
    return [NewRow(f"scale-to-0:source/speedtest-{n}", {"do": "step", "step": {"kind": "scale-to-0", "args": {"workload": n}}}) for n in range(count)]


def make(state: Path, apps: int) -> None:
    """A journal in which every app is prepared; the first one step by step, the others copied from it."""
    with Journal.open(state, world="lab:bench", clock=Ticks(), ids=Numbered()) as journal:
        journal.seed(plan(apps))
        first = journal.begin(
            "app/app-00000", leaves="planned", reaches="prepared", direction="forward", method="stateless", rows=rows(), plan_hash="0" * 64, found={}
        )
        for n, row in enumerate(journal.rows(first.id)):
            tried = journal.reply(journal.attempt(row, change(n), (change(n).undone,), "1"), "ok")
            journal.done(tried, change(n), ok())
        journal.arrive(first.id, state="prepared", outcome="done", gate="days are fine")
    with sqlite3.connect(next(state.glob("*.db"))) as db:
        _copy(db, "transitions", "id = 1", {"id": "s.position", "subject": "'app/' || s.name", "key": "'pm-0123-' || s.position"})
        _copy(db, "rows", '"transition" = 1', {"transition": "s.position"})
        db.execute("UPDATE subjects SET state = 'prepared', version = version + 1, gate = 'days are fine' WHERE kind = 'app' AND state = 'planned'")
    db.close()


def _copy(db: sqlite3.Connection, table: str, where: str, instead: dict[str, str]) -> None:
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    quoted = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(instead.get(column, f't."{column}"') for column in columns)
    db.execute(
        f"INSERT INTO {table} ({quoted}) SELECT {values} FROM {table} t, subjects s WHERE t.{where} AND s.kind = 'app' AND s.position > 1"  # noqa: S608 - names are this file's own
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
