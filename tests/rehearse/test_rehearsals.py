"""speedtest in the lab: forward, back from everywhere, refused by each situation, killed, broken, and always the same for a seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.errors import Usage
from portkey_migrate.journal import read
from portkey_migrate.rehearse import run, seeds, trials

pytestmark = pytest.mark.world("fork")
SUBJECT = "app/speedtest"


def rehearse(home: Path, folder: Path, **options: Any) -> dict[str, Any]:
    return run.rehearse(SUBJECT, home=home, folder=folder, **options)


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_seed_moves_the_app_with_its_faults_and_nobody_notices(home: Path, tmp_path: Path, seed: int) -> None:
    """Clean, at least a hundred requests on each side, nothing lost, nobody down, and at least one fault drawn for a write."""
    said = rehearse(home, tmp_path, seed=seed)
    assert seeds.fails(said) == []
    assert said["apps"][0]["outage_seconds"] == 0
    assert any(one["counts"] == "mutating" for one in said["faults"])


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_seed_moves_the_passwords_with_its_faults_and_loses_none(home: Path, tmp_path: Path, seed: int) -> None:
    """Clean, at least a hundred writes on each side, none lost, never two writers, down within the plan's three minutes."""
    said = run.rehearse("app/vaultwarden", home=home, folder=tmp_path, seed=seed)
    assert seeds.fails(said, timed=False) == []
    app = said["apps"][-1]
    assert (app["lost_writes"], app["double_writer_seconds"]) == (0, 0)
    assert 0 < app["outage_seconds"] <= 180
    assert any(one["counts"] == "mutating" for one in said["faults"])


def test_the_document_has_the_promised_keys_and_no_others(home: Path, tmp_path: Path) -> None:
    """Programs read them by name."""
    said = rehearse(home, tmp_path, draws=False)
    assert set(said) == {
        "apiVersion", "kind", "subject", "seed", "world", "request", "verdict", "reasons", "blocked_by", "apps", "fingerprint", "differences",
        "faults", "crashes", "virtual_seconds", "wall_seconds", "api_calls",
    }  # fmt: skip
    assert set(said["apps"][0]) == {
        "name", "method", "state", "serves", "acknowledged", "lost_writes", "double_writer_seconds", "outage_seconds", "outage_budget_seconds",
        "engine_outage_seconds", "waits",
    }  # fmt: skip
    assert set(said["crashes"]) == {"points", "recovered", "parked", "double_effects", "by_sigkill", "failed"}


@pytest.mark.parametrize("state", ["prepared", "started", "routed", "protected", "committed"])
def test_a_way_back_from_any_state_leaves_the_source_serving(home: Path, tmp_path: Path, state: str) -> None:
    """Nobody down, and every difference to the world before is one that the reviewed list allows."""
    said = rehearse(home, tmp_path, rollback_at=state)
    assert said["reasons"] == []
    assert said["apps"][0]["serves"] == "source"
    assert said["apps"][0]["outage_seconds"] == 0
    assert all(one["allowed_by"] for one in said["differences"])


@pytest.mark.parametrize("name", ["same-cluster-twice", "target-node-not-ready", "permission-missing", "target-ingress-down", "hold-reverted"])
def test_a_situation_is_refused_by_the_check_that_names_it(home: Path, tmp_path: Path, name: str) -> None:
    """Exactly that check, nobody noticed, and after the refusal nothing but undos."""
    said = rehearse(home, tmp_path, with_=name)
    assert trials.refused_wrong(said, trials.situations("stateless")[name], tmp_path / "state", SUBJECT) == []


@pytest.mark.parametrize("point", ["12", "back-70"])
def test_a_death_at_a_point_comes_out_as_if_nothing_had_been(home: Path, tmp_path: Path, point: str) -> None:
    """As a branch from the copy, and by a real SIGKILL run to the end."""
    said = rehearse(home, tmp_path, kill=point)
    assert said["reasons"] == []
    assert (said["crashes"]["recovered"], said["crashes"]["by_sigkill"]) == (1, 1)


def test_one_late_twin_in_the_middle_is_survived(home: Path, tmp_path: Path) -> None:
    """The patch that fences off lands a second time after the next look."""
    said = rehearse(home, tmp_path, fault="late-twin@11")
    assert said["reasons"] == []
    assert said["faults"][0]["hit"]


_RUN = """
import json, sys
from pathlib import Path
from portkey_migrate.journal import read
from portkey_migrate.rehearse import run
said = run.rehearse(sys.argv[4], seed=int(sys.argv[2]), home=Path(sys.argv[1]), folder=Path(sys.argv[3]))
print(json.dumps([said["fingerprint"], said["virtual_seconds"], said["api_calls"], read.fold(Path(sys.argv[3]) / "state")]))
"""


@pytest.mark.world("subprocess")
@pytest.mark.parametrize("subject", ["app/speedtest", "app/vaultwarden"])
def test_the_same_seed_is_the_same_run_under_another_hash_seed(home: Path, tmp_path: Path, subject: str) -> None:
    """Fingerprint, time, calls and journal are equal; another seed draws other latencies."""
    said = []
    for n, (seed, hashed) in enumerate((("7", "0"), ("7", "4711"), ("8", "0"))):
        env = {**os.environ, "PYTHONHASHSEED": hashed, "PYTHONPATH": str(home)}
        argv = [sys.executable, "-c", _RUN, str(home), seed, str(tmp_path / str(n)), subject]
        done = subprocess.run(argv, env=env, capture_output=True, check=True)
        said.append(json.loads(done.stdout))
    assert said[0] == said[1]
    assert said[0][1] != said[2][1]


def test_an_unknown_world_situation_or_fault_is_said_before_anything_starts(home: Path, tmp_path: Path) -> None:
    """A usage error, and not one byte written."""
    for wrong in ({"world": "atlantis"}, {"with_": "moon-in-the-seventh-house"}, {"fault": "gremlin@3"}):
        with pytest.raises(Usage):
            rehearse(home, tmp_path / "none", **wrong)
    assert not (tmp_path / "none").exists()


def test_the_journal_of_a_rehearsal_says_which_world_it_is_of(home: Path, tmp_path: Path) -> None:
    """lab:SEED, so that it is refused in a real world."""
    rehearse(home, tmp_path, seed=3, to="prepared")
    snapshot = read.load(tmp_path / "state")
    assert snapshot is not None
    assert snapshot.world == "lab:3"


def test_every_situation_of_every_check_exists() -> None:
    """A check without a variation of the world in which it must refuse fails here."""
    from portkey_migrate import checks
    from portkey_migrate.lab import situations

    assert [one.id for one in checks.registry().values() if one.situation not in situations.registry()] == []
