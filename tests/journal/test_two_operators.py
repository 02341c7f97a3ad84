"""The lock: one holder, told by name, free when it dies; and nothing lost or numbered twice between processes."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import portkey_migrate
from portkey_migrate.errors import Locked
from portkey_migrate.journal import lock
from portkey_migrate.journal.read import load
from portkey_migrate.journal.rows import Transition
from portkey_migrate.journal.writer import Journal

from .conftest import CHANGE, Known, plan_of

Open = Callable[..., Journal]
Begin = Callable[..., Transition]

HOME = Path(portkey_migrate.__file__).parent.parent
PROLOGUE = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from portkey_migrate.errors import Locked
from portkey_migrate.journal.writer import Journal
from portkey_migrate.model import Change, Ref

class Ports:
    def now(self): return datetime.now(UTC)
    def hex(self, length): return os.urandom(length).hex()[:length]
    def who(self): return "bob"
    def host(self): return "ws-3"
    def pid(self): return os.getpid()

state = Path(sys.argv[1])
def opened(): return Journal.open(state, world="real", clock=Ports(), ids=Ports())
change = Change(Ref("source", "Deployment", "a", "a"), {"spec.replicas": 1}, {"spec.replicas": 0})
"""


def process(code: str, state: Path, before: Sequence[str] = (), *, alone: bool = False) -> subprocess.Popen[str]:
    """Another operator, in a process of its own; `before`: what it is started under; `alone`: without the imports of an operator."""
    argv = [*before, sys.executable, "-c", ("" if alone else PROLOGUE) + textwrap.dedent(code), str(state)]
    return subprocess.Popen(argv, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_second_is_told_who_and_what(journal: Journal, open_journal: Open) -> None:
    """Who, host, pid, since when and doing what, at once."""
    journal.doing("app/a, step 2 of 3")
    journal.flush()
    with pytest.raises(Locked) as raised:
        open_journal(ids=Known("bob", 7))
    told = dict(raised.value.data)
    assert (told["who"], told["host"], told["pid"], told["doing"], raised.value.exit) == ("anna", "ws-12", 4411, "app/a, step 2 of 3", 5)
    assert told["since"].isoformat().startswith("2026-11-24T12:00")


@pytest.mark.world("subprocess")
def test_another_process_is_told_within_two_seconds(journal: Journal, state: Path) -> None:
    """It waits for nobody; its own start is most of that time."""
    journal.flush()
    code = """
        from time import monotonic
        begun = monotonic()
        try:
            opened()
        except Locked as told:
            print(told.exit, told.data["who"], told.data["host"], told.data["pid"], monotonic() - begun < 2)
    """
    out, _ = process(code, state).communicate(timeout=30)
    assert out == "5 anna ws-12 4411 True\n"


@pytest.mark.world("subprocess")
def test_a_holder_that_was_killed_holds_nothing(state: Path, open_journal: Open) -> None:
    """SIGKILL leaves no lock behind, and what was committed is there."""
    holder = process("journal = opened(); journal.doing('app/a'); journal.flush(); print('held', flush=True); input()", state)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert lock.held(state) is True
    with pytest.raises(Locked):
        open_journal()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert lock.held(state) is False
    seen = load(state)
    assert seen is not None
    assert (seen.held, seen.operator and seen.operator.who, seen.operator and seen.operator.doing) == (False, "bob", "app/a")
    assert open_journal().lineage != "7c1e"


def test_asking_who_holds_it_takes_nothing(state: Path, open_journal: Open) -> None:
    """While readers ask without end, every writer's first try succeeds."""
    open_journal().close()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            lock.held(state)

    reader = threading.Thread(target=ask)
    reader.start()
    try:
        for _ in range(20):
            open_journal().close()
    finally:
        stop.set()
        reader.join()


@pytest.mark.world("subprocess")
def test_four_processes_lose_nothing_and_number_nothing_twice(journal: Journal, begin: Begin, state: Path) -> None:
    """100 attempts each, every one with the lock taken and freed: 400 attempts, 400 numbers."""
    move = begin(journal)
    journal.close()
    code = f"""
        seen = []
        while len(seen) < 100:
            try:
                journal = opened()
            except Locked:
                os.sched_yield()
                continue
            with journal:
                row = journal.attempt(journal.rows({move.id})[0], change, (change.undone,), "1")
            seen.append(row.attempt)
        print(*seen)
    """
    others = [process(code, state) for _ in range(4)]
    numbers = [int(word) for other in others for word in other.communicate(timeout=120)[0].split()]
    assert list(range(1, 401)) == sorted(numbers)
    db = sqlite3.connect(state / "journal.db")
    assert db.execute("SELECT attempt FROM rows WHERE n = 1").fetchall() == [(400,)]
    db.close()


def test_threads_of_one_process_share_the_journal(journal: Journal, begin: Begin) -> None:
    """Subjects that go side by side: their attempts and what they hold are all there."""
    journal.seed(plan_of(*(f"app{n}" for n in range(4))))
    rows = [journal.rows(begin(journal, subject=f"app/app{n}").id)[0] for n in range(4)]

    def work(n: int) -> None:
        for _ in range(25):
            rows[n] = journal.reply(journal.attempt(rows[n], CHANGE, (), "1"), "conflict")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows == [journal.row(row.transition, 1) for row in rows]
    assert [row.attempt for row in rows] == [25] * 4


def test_a_commit_may_wait_while_another_thread_writes(open_journal: Open, begin: Begin) -> None:
    """The lab parks a thread at its commit; another one, let go meanwhile, commits too."""
    inside, go = threading.Event(), threading.Event()
    parked: list[bool] = []

    def committed() -> None:
        if threading.current_thread().name == "parked":
            inside.set()
            parked.append(go.wait(10))

    journal = open_journal(committed=committed)
    journal.seed(plan_of("a", "b"))
    thread = threading.Thread(target=lambda: begin(journal), name="parked")
    thread.start()
    assert inside.wait(10)
    begin(journal, subject="app/b")
    go.set()
    thread.join()
    assert parked == [True]


def test_a_lock_file_taken_away_is_no_lock(state: Path, open_journal: Open) -> None:
    """Whoever removes the file does not make room for two: the next one makes its own, and holds that."""
    open_journal().close()
    (state / "lock").unlink()
    second = open_journal()
    with pytest.raises(Locked):
        open_journal()
    second.close()


def test_a_closed_journal_is_written_no_more(journal: Journal) -> None:
    """Closing twice is nothing."""
    journal.close()
    journal.close()
    with pytest.raises(Exception, match="cannot be written"):
        journal.doing("anything")
