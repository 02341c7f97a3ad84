"""What the journal said yes to is there after a death, and one commit is one sync before it returns."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from portkey_migrate.journal.read import View, load
from portkey_migrate.journal.rows import Transition
from portkey_migrate.journal.writer import Journal

from .conftest import CHANGE, Known, Ticking, plan_of
from .test_two_operators import process

Open = Callable[..., Journal]
Begin = Callable[..., Transition]


@pytest.mark.world("fork")
@pytest.mark.parametrize("last", range(1, 9))
def test_a_death_after_any_commit_keeps_all_of_it(last: int, state: Path, begin: Begin) -> None:
    """A child ends at its n-th commit, without a word; the parent reads each acknowledged row and goes on with the next number."""
    Journal.open(state, world="real", clock=Ticking(), ids=Known()).close()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - it ends by _exit
        try:
            os.close(reading)
            said = 0

            def committed() -> None:
                nonlocal said
                said += 1
                os.write(writing, b".")
                if said == last:
                    os._exit(0)

            journal = Journal.open(state, world="real", clock=Ticking(), ids=Known(), committed=committed)
            journal.seed(plan_of("a", "b"))
            row = journal.rows(begin(journal).id)[0]
            while True:
                row = journal.reply(journal.attempt(row, CHANGE, (CHANGE.undone,), "1"), "conflict")
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        acknowledged = len(pipe.read())
    assert (child, 0) == os.waitpid(child, 0)
    attempts = max(acknowledged - 3, 0)  # the first three: the lock's row, the plan, the move
    rows = View(state).rows(1)
    assert (last, attempts) == (acknowledged, rows[0].attempt if rows else 0)
    with Journal.open(state, world="real", clock=Ticking(), ids=Known()) as journal:
        if rows:
            assert attempts + 1 == journal.attempt(journal.row(1, 1), CHANGE, (), "2").attempt


@pytest.mark.world("subprocess")
def test_a_copy_with_its_wal_is_the_journal(journal: Journal, begin: Begin, state: Path, tmp_path: Path) -> None:
    """A crash point is a copy of state/, made by another process while the writer is parked; its lock is nobody's."""
    move = begin(journal)
    journal.attempt(journal.rows(move.id)[0], CHANGE, (), "1")
    copy = tmp_path / "copy"
    subprocess.run([shutil.which("cp") or "cp", "-r", state, copy], check=True)
    (copy / "journal.db-shm").unlink()
    seen = load(copy)
    assert seen is not None
    assert (seen.held, [row.attempt for row in seen.open[0].rows]) == (False, [1, 0, 0])
    with Journal.open(copy, world="real", clock=Ticking(), ids=Known("bob", 2)) as again:
        assert journal.secret_key() == again.secret_key()
        assert again.attempt(again.row(move.id, 1), CHANGE, (), "2").attempt == 2
    assert journal.row(move.id, 1).attempt == 1


@pytest.mark.world("subprocess")
def test_a_reader_sees_what_a_killed_writer_left(state: Path) -> None:
    """Nobody has checkpointed; the -wal alone holds it."""
    holder = process(
        """
        journal = opened()
        journal.pin("source", "7c1e", "ab", "bob")
        print("pinned", flush=True)
        input()
        """,
        state,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "pinned\n"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    for shm in (True, False):
        if not shm:
            (state / "journal.db-shm").unlink()
        assert View(state).pins()["source"].uid == "7c1e"


@pytest.mark.strace
def test_every_commit_is_synced_before_it_is_told(state: Path, tmp_path: Path) -> None:
    """Between two answers lies exactly one fdatasync; making the file syncs its folder after its name."""
    code = """
        def say(what): os.write(1, what.encode() + b"\\n")
        journal = Journal.open(state, world="real", clock=Ports(), ids=Ports(), committed=lambda: say("committed"))
        for role in ("source", "target"):
            say("pin")
            journal.pin(role, "7c1e", "ab", "bob")
        os._exit(0)
    """
    trace = tmp_path / "trace"
    process(code, state, before=["strace", "-f", "-s", "64", "-e", "trace=write,fsync,fdatasync,rename", "-o", str(trace)]).communicate(timeout=60)
    calls = re.findall(r"(fdatasync|fsync|rename|write)\((?:1, \"(\w+)|)", trace.read_text())
    told = [said or call for call, said in calls if said or call != "write"]
    last = len(told) - 1 - told[::-1].index("rename")
    assert told[last + 1] == "fsync"  # the folder
    assert told[-6:] == ["pin", "fdatasync", "committed", "pin", "fdatasync", "committed"]


@pytest.mark.parametrize("pragma", ["journal_mode", "synchronous"])
def test_the_journal_is_wal_and_full(journal: Journal, pragma: str) -> None:
    """Set on the connection and read back: NORMAL would put no sync between an intent and its send."""
    assert {"journal_mode": "wal", "synchronous": 2}[pragma] == journal._commits.db.execute(f"PRAGMA {pragma}").fetchone()[0]


@pytest.mark.world("subprocess")
def test_a_reader_imports_the_standard_library_alone(state: Path) -> None:
    """Neither the read path nor the opening of a journal that exists costs SQLModel's 1.4 s."""
    Journal.open(state, world="real", clock=Ticking(), ids=Known()).close()
    code = """
        import json
        from portkey_migrate.journal import history, load
        load(state), history(state)
        opened().close()
        print(json.dumps([name for name in ("sqlmodel", "sqlalchemy", "pydantic", "transitions", "structlog", "kubernetes") if name in sys.modules]))
    """
    out, _ = process(code, state).communicate(timeout=30)
    assert json.loads(out) == []


@pytest.mark.world("subprocess")
def test_a_page_of_ten_thousand_apps_is_small(state: Path) -> None:
    """The first page and the totals come by an index; the whole process stays under 20 MiB."""
    with Journal.open(state, world="real", clock=Ticking(), ids=Known()) as journal:
        journal.seed(plan_of(*(f"app{n}" for n in range(10_000))))
    code = """
        import sys
        from pathlib import Path
        from portkey_migrate.journal.read import load
        seen = load(Path(sys.argv[1]))
        peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        print(len(seen.subjects), seen.totals["app"]["planned"], int(peak.split()[1]) <= 20 * 1024)
    """
    out, _ = process(code, state, alone=True).communicate(timeout=30)
    assert out == "40 10000 True\n"
