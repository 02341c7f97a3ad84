"""One canary in every Secret, token and kubeconfig of the world: no byte that the tool wrote or printed holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portkey_migrate.rehearse import run
from tests.whole.desk import REPO, canary, desk, forms

pytestmark = pytest.mark.world("fork", "subprocess", "sleep")
#: What the tool writes into its folder, by name; `-wal` and `-shm` with it.
WRITTEN = ("journal.db", "journal.db-wal", "journal.db-shm", "log.jsonl", "lock", "stdout", "stderr")


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


def leaks(folder: Path) -> tuple[int, list[str]]:
    """How many files of a rehearsal the tool wrote or printed, and which of them hold the canary. Kubeconfig and world copies are the lab's."""
    written = [path for path in folder.rglob("*") if path.is_file() and ("commands" in path.parts or path.name in WRITTEN or "undo" in path.parts)]
    return len(written), [str(path) for path in written if any(form in path.read_bytes() for form in forms(canary("portkey")))]


#: One for each room that words a refusal; all the others print through the same.
REFUSALS = ("same-cluster-twice", "target-node-not-ready", "permission-missing", "target-ingress-down", "hold-reverted", "secret-differs")


@pytest.mark.parametrize("name", REFUSALS)
def test_a_situation_makes_no_secret_known(name: str, tmp_path: Path) -> None:
    """An error quotes what a server said, and what it said may hold anything."""
    run.rehearse("app/speedtest", with_=name, home=REPO, folder=tmp_path)
    looked, found = leaks(tmp_path)
    assert looked > 3
    assert found == []


def test_a_move_of_data_and_its_way_back_make_no_secret_known(tmp_path: Path) -> None:
    """vaultwarden: Ceph's keys, the backup's password and the machines' token are in play too."""
    said = run.rehearse("app/vaultwarden", rollback_at="protected", home=REPO, folder=tmp_path, draws=False)
    looked, found = leaks(tmp_path)
    assert (said["verdict"], found) == ("clean", [])
    assert looked > 10


def test_a_death_makes_no_secret_known(tmp_path: Path) -> None:
    """One `--kill` run: what stands in the journal at that moment, and in the one that goes on."""
    run.rehearse("app/speedtest", kill="20", home=REPO, folder=tmp_path)
    looked, found = leaks(tmp_path)
    assert looked > 10
    assert found == []


def test_the_state_folder_is_the_owners_alone(tmp_path: Path) -> None:
    """`state/` is 0700 and each file in it 0600."""
    with desk(tmp_path) as here:
        assert here.type("advance", "app", "speedtest", "-y", "--confirm", "portkey").code == 0
        modes = {path.name: path.stat().st_mode & 0o777 for path in here.state.rglob("*") if path.is_file()}
        assert here.state.stat().st_mode & 0o777 == 0o700
        assert set(modes.values()) == {0o600}, modes
