"""What one durable step costs: its intent with attempt 1 committed before the act, its outcome fused into the next commit.

The floor is one raw sqlite3 insert and commit of a row of the same size, with the same pragmas, on the same disk, in turns. DBOS on SQLite
is measured in the same turns where it is installed.
"""

from __future__ import annotations

import importlib.util
import logging
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.journals import Numbered, Ticks, change, plan, rows
from benchmarks.measured import folder, verdict
from portkey_migrate.journal import Journal
from portkey_migrate.model import ok

STEPS, ROUNDS = 200, 9
RATIO, OVER_DBOS = 0.45, 5.0


def raw(place: Path) -> Callable[[], float]:
    """Steps a second of the floor."""
    db = sqlite3.connect(place / "raw.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE steps (id INTEGER PRIMARY KEY, name TEXT, change TEXT, at TEXT)")
    body = "x" * 350

    def one_round() -> float:
        began = time.perf_counter()
        for n in range(STEPS):
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO steps (name, change, at) VALUES (?, ?, ?)", (f"step-{n}", body, "2026-11-24T12:00:00+00:00"))
            db.execute("COMMIT")
        return STEPS / (time.perf_counter() - began)

    return one_round


def ours(place: Path) -> Callable[[], float]:
    """Steps a second of the journal, as the engine calls it."""
    journal = Journal.open(place / "state", world="lab:bench", clock=Ticks(), ids=Numbered())
    journal.seed(plan(ROUNDS + 2))
    done = 0

    def one_round() -> float:
        nonlocal done
        subject = f"app/app-{done:05}"
        done += 1
        made = journal.begin(
            subject, leaves="planned", reaches="prepared", direction="forward", method="stateless", rows=rows(STEPS), plan_hash="0" * 64, found={}
        )
        todo = [(row, change(n)) for n, row in enumerate(journal.rows(made.id))]
        began = time.perf_counter()
        for row, wanted in todo:
            tried = journal.attempt(row, wanted, (wanted.undone,), "4711")
            journal.done(journal.reply(tried, "ok"), wanted, ok())
        journal.flush()
        took = time.perf_counter() - began
        journal.arrive(made.id, state="prepared", outcome="done")
        return STEPS / took

    return one_round


def dbos(place: Path) -> Callable[[], float] | None:
    """Steps a second of DBOS, as shipped, on SQLite; None where it is not installed."""
    if importlib.util.find_spec("dbos") is None:
        return None
    from dbos import DBOS  # type: ignore[import-not-found]  # optional, never in the lock

    logging.disable(logging.WARNING)
    DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{place / 'dbos.db'}"})

    @DBOS.step()  # type: ignore[untyped-decorator]  # optional, never in the lock
    def step(n: int) -> str:
        return "x" * 350 + str(n)

    @DBOS.workflow()  # type: ignore[untyped-decorator]  # optional, never in the lock
    def workflow() -> float:
        began = time.perf_counter()
        for n in range(STEPS):
            step(n)
        return STEPS / (time.perf_counter() - began)

    DBOS.launch()
    measured: Callable[[], float] = workflow
    return measured


def main() -> int:
    """Medians of the ratios taken round by round; 1 if one is below its bound."""
    with folder("durable") as place:
        floor, journal, peer = raw(place), ours(place), dbos(place)
        turns = []
        for turn in range(ROUNDS + 1):
            one = (floor(), journal(), peer() if peer else 0.0)
            if turn:
                turns.append(one)
        at_floor, of_ours, of_peer = (statistics.median(one[i] for one in turns) for i in range(3))
        ratio = statistics.median(one[1] / one[0] for one in turns)
        print(f"raw sqlite3, WAL and FULL: {at_floor:.0f} steps/s")
        out = [("durable step against raw sqlite3", f"{ratio:.2f}, {of_ours:.0f} steps/s", f">= {RATIO}", ratio >= RATIO)]
        if peer:
            over = statistics.median(one[1] / one[2] for one in turns)
            out.append(("durable step against DBOS on SQLite", f"{over:.1f}x, DBOS {of_peer:.0f} steps/s", f">= {OVER_DBOS:.0f}x", over >= OVER_DBOS))
            peer_module = sys.modules["dbos"]
            peer_module.DBOS.destroy()
        else:
            print("dbos is not installed: its row is left out (pip install dbos)")
        return verdict(out)


if __name__ == "__main__":
    sys.exit(main())
