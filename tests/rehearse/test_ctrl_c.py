"""Ctrl-C while the tool is parked in the lab: the step in hand is finished, and the same command goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from portkey_migrate.rehearse import processes, run

pytestmark = pytest.mark.world("fork")
STOPPED = 130


def test_a_ctrl_c_in_the_middle_stops_after_the_step_in_hand_and_the_same_command_goes_on(home: Path, tmp_path: Path) -> None:
    """Interrupted at the tenth crash point: exit 130, the journal open; typed again it arrives, and the verdict is clean."""
    processes.warm()
    wanted = run.Asked("app/speedtest", draws=False)
    with run.running(wanted, home, tmp_path / "state", tmp_path) as it:
        it.lab.ask("advance", seconds=run.LIVED)
        it.lab.ask("stop-at", point=10)
        tool = processes.start(["advance", "app", "speedtest"], home, it.state, it.lab.path, into=tmp_path / "first")
        while not it.lab.ask("held"):
            pass
        tool.interrupt()
        it.lab.ask("let-go")
        ran = tool.wait()
        assert ran.code == STOPPED
        assert "migrate advance app speedtest" in ran.err.replace("app/", "app ")
        assert it.at("app/speedtest") == "planned"
        run.go(it)
        said = run.document(it, 0.0)
    assert said["reasons"] == []
    assert said["apps"][0]["state"] == "committed"
