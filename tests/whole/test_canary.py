"""One canary in every Secret, token and kubeconfig of the world: no byte that the tool wrote or printed holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.whole.desk import canary, desk

pytestmark = pytest.mark.world("fork", "subprocess", "sleep")


def test_a_whole_move_and_its_way_back_write_no_secret(tmp_path: Path) -> None:
    """Forward to protected, every screen, all the way back: 0 hits; and the search has teeth."""
    with desk(tmp_path) as here:
        secret = canary("portkey")
        for argv in (
            ["preflight", "app", "speedtest"],
            ["plan", "app", "speedtest", "-o", "json"],
            ["advance", "app", "speedtest", "-y", "--confirm", "portkey"],
            ["advance", "app", "speedtest", "-y"],
            ["status", "-o", "json"],
            ["report", "-o", "markdown"],
            ["history", "-o", "json"],
            ["rollback", "app", "speedtest", "--to", "planned", "-y"],
        ):
            assert here.type(*argv).code == 0, here.typed[-1].err
        assert here.leaks(secret) == []
        assert secret.encode() in (here.state / "kubeconfig").read_bytes()
        (here.state / "planted").write_text(f"x{secret}")
        assert here.leaks(secret) == [str(here.state / "planted")]


def test_the_state_folder_is_the_owners_alone(tmp_path: Path) -> None:
    """`state/` is 0700 and each file in it 0600."""
    with desk(tmp_path) as here:
        assert here.type("advance", "app", "speedtest", "-y", "--confirm", "portkey").code == 0
        modes = {path.name: path.stat().st_mode & 0o777 for path in here.state.rglob("*") if path.is_file()}
        assert here.state.stat().st_mode & 0o777 == 0o700
        assert set(modes.values()) == {0o600}, modes
