"""Two people at two desks: the second one is told at once who moves the cluster, and a holder that died holds nothing."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from portkey_migrate.journal import lock
from portkey_migrate.rehearse import processes
from tests.whole.desk import Desk, desk

pytestmark = pytest.mark.world("fork", "subprocess", "sleep")


def hanging(here: Desk) -> processes.Tool:
    """A command that holds the lock and does not move: its process is stopped in the middle."""
    argv = ["advance", "app", "speedtest", "-y", "--confirm", "portkey"]
    first = processes.start(argv, here.home, here.state, here.lab.path, into=here.folder / "first")
    while not (lock.held(here.state) and here.begun()):
        assert first.over is None
        time.sleep(0.005)
    os.kill(first.pid, signal.SIGSTOP)
    return first


def test_the_second_operator_is_told_who_and_what_within_two_seconds(tmp_path: Path) -> None:
    """Even while the first one hangs and the lab waits for it; after a SIGKILL the next command goes on."""
    with desk(tmp_path) as here:
        first = hanging(here)
        began = time.perf_counter()
        second = here.type("advance", "app", "speedtest", "-y", "-o", "json")
        took = time.perf_counter() - began
        assert (second.code, took < 2) == (5, True)
        error = json.loads(second.out)
        assert error["code"] == "PKM-0501"
        assert error["holder"].keys() == {"who", "host", "pid", "since", "doing"}
        assert error["holder"]["doing"] == "app/speedtest, planned -> prepared"
        assert first.kill().code == -signal.SIGKILL
        assert here.type("advance", "app", "speedtest", "-y", "--confirm", "portkey").code == 0
        assert here.states()["app/speedtest"] == "prepared"
