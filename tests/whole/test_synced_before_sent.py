"""An intent is on the disk before its call is on the wire: seen from outside, by the kernel's own list of what the process did."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.whole.desk import Desk, desk

pytestmark = [pytest.mark.strace, pytest.mark.world("fork", "subprocess", "sleep")]

TYPED = "import sys; from portkey_migrate.cli import main; sys.exit(main())"
#: The red twin: the same program, one pragma off. It stands here and nowhere in the program.
UNSYNCED = """
from portkey_migrate.journal.commit import Commits
made = Commits.__init__
def unsynced(self, db, *rest):
    db.execute("PRAGMA synchronous = OFF")
    made(self, db, *rest)
Commits.__init__ = unsynced
"""
#: One line of strace: the call, the file that it is about (-y), and the token of a send that changes something.
WRITTEN = re.compile(r"pwrite64\(\d+<[^>]*journal\.db-wal>")
SYNCED = re.compile(r"f(?:data)?sync\(\d+<[^>]*journal\.db-wal>")
SENT = re.compile(r"(?:sendto|sendmsg|write)\(\d+<.*X-Portkey-Step: (\d+\.\d+#\d+)")


def traced(here: Desk, code: str, *argv: str) -> list[str]:
    """What one command wrote to the journal, synced and sent, in the kernel's order: "written", "synced", or the token of a send."""
    trace = here.folder / "trace"
    strace = ["strace", "-f", "-y", "-s", "4096", "-e", "trace=pwrite64,fsync,fdatasync,sendto,sendmsg,write", "-o", str(trace)]
    env = {**os.environ, "PORTKEY_MIGRATE_LAB": here.lab.path, "PORTKEY_MIGRATE_STATE": str(here.state), "PORTKEY_MIGRATE_HOME": str(here.home)}
    ran = subprocess.run([*strace, sys.executable, "-c", code, *argv], env=env, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr
    out = []
    for line in trace.read_text(errors="replace").splitlines():
        sent = SENT.search(line)
        if sent:
            out.append(sent[1])
        elif WRITTEN.search(line):
            out.append("written")
        elif SYNCED.search(line):
            out.append("synced")
    return out


def unsynced(events: list[str]) -> list[str]:
    """The sends before which the journal was not both written and synced, in this order, since the send before."""
    out, since = [], list[str]()
    for event in events:
        if event in ("written", "synced"):
            since.append(event)
            continue
        # Several writes make one commit; what counts is that the last of them has its sync.
        if "written" not in since or since[-1] != "synced":
            out.append(event)
        since = []
    return out


def test_every_intent_is_synced_before_its_first_send(tmp_path: Path) -> None:
    """From planned to prepared: ten calls, each after a commit of its own that reached the disk."""
    with desk(tmp_path) as here:
        events = traced(here, TYPED, "advance", "app", "speedtest", "-y", "--confirm", "portkey")
        sends = [event for event in events if "#" in event]
        assert len(sends) == len(set(sends)) >= 10
        assert unsynced(events) == []


def test_without_the_sync_the_same_test_is_red(tmp_path: Path) -> None:
    """synchronous=OFF: each of the sends is found, so a journal that is not synced could not pass."""
    with desk(tmp_path) as here:
        events = traced(here, UNSYNCED + TYPED, "advance", "app", "speedtest", "-y", "--confirm", "portkey")
        assert unsynced(events) == [event for event in events if "#" in event] != []
