"""Bad input, through the real session: one clear error, the right exit status, and where nothing can be done not one byte is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from portkey_migrate.journal import Journal
from portkey_migrate.systems.real import RealClock, RealIds

Typed = Callable[..., Any]
PLAN = Path(__file__).resolve().parents[1] / "plans" / "two-apps"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small plan of the tests, in a home of its own."""
    home = tmp_path / "home"
    shutil.copytree(PLAN, home)
    monkeypatch.chdir(home)
    return home


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, to see that none was written."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def _cycle(home: Path) -> None:
    _needs(home, "alpha", {"app/beta": "committed"})


def _needs(home: Path, app: str, needs: dict[str, str]) -> None:
    file = home / "phases" / "apps.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["apps"][app] = {**(document["apps"][app] or {}), "needs": needs}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


def _secret(home: Path) -> None:
    file = home / "phases" / "apps.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["apps"]["alpha"] = {**(document["apps"]["alpha"] or {}), "tell": "PVEAPIToken=root@pam!x=11111111-2222-3333-4444-555555555555"}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


def _unknown_key(home: Path) -> None:
    file = home / "phases" / "apps.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["apps"]["alpha"] = {**(document["apps"]["alpha"] or {}), "soka": "48h"}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


@pytest.mark.parametrize(("broken", "said"), [(_cycle, "alpha"), (_secret, "secret"), (_unknown_key, "did you mean soak?")])
@pytest.mark.parametrize("words", [("lint",), ("advance", "app", "alpha"), ("rollback", "all"), ("preflight",), ("plan",)])
def test_a_plan_with_a_fault_is_exit_2_with_its_place(
    migrate: Typed, plan: Path, broken: Callable[[Path], None], said: str, words: tuple[str, ...]
) -> None:
    """file:line:column, never the secret's value, not one byte written."""
    broken(plan)
    before = bytes_of(plan)
    answer = migrate(*words)
    assert (answer.status, answer.out, bytes_of(plan)) == (2, "", before)
    assert "phases/apps.yaml:" in answer.err
    assert said in answer.err.lower()
    assert "11111111-2222" not in answer.err
    assert "Traceback" not in answer.err


def test_no_kubeconfig_is_exit_2_and_nothing_is_written(migrate: Typed, plan: Path) -> None:
    """It names where it looked, and what to set."""
    before = bytes_of(plan)
    answer = migrate("advance", "app", "alpha")
    assert (answer.status, bytes_of(plan)) == (2, before)
    assert "KUBECONFIG" in answer.err


def _kubeconfig(path: Path, server: str) -> None:
    clusters = [{"name": side, "cluster": {"server": server, "certificate-authority-data": "LS0t"}} for side in ("source", "target")]
    contexts = [{"name": side, "context": {"cluster": side, "user": side}} for side in ("source", "target")]
    users = [{"name": side, "user": {"token": "canary-of-a-token"}} for side in ("source", "target")]
    path.write_text(
        yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "clusters": clusters, "contexts": contexts, "users": users}), encoding="utf-8"
    )


@pytest.mark.world("sleep")  # a read is asked again after a fifth of a second, by the real clock
def test_an_api_that_does_not_answer_is_exit_10_without_a_transition(migrate: Typed, plan: Path, tmp_path: Path) -> None:
    """Nothing listens there; no transition begins, and no token is shown."""
    _kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:9")
    answer = migrate(
        "advance",
        "app",
        "alpha",
        "--kubeconfig",
        str(tmp_path / "kubeconfig"),
        "--source-context",
        "source",
        "--target-context",
        "target",
        "-o",
        "json",
    )
    document = json.loads(answer.out)
    assert (answer.status, document["exit"], document["kind"]) == (10, 10, "Error")
    assert "canary-of-a-token" not in answer.out + answer.err
    assert not (plan / "state" / "journal.db").exists()


@pytest.mark.parametrize("content", [b"this is no database at all, and longer than any header\n" * 40, b""])
@pytest.mark.parametrize("words", [("status",), ("report",), ("history",)])
def test_what_is_no_journal_is_exit_8_and_stays_as_it_is(migrate: Typed, plan: Path, content: bytes, words: tuple[str, ...]) -> None:
    """Somebody's file is not overwritten, nor taken for an empty journal."""
    (plan / "state").mkdir(mode=0o700)
    (plan / "state" / "journal.db").write_bytes(content)
    before = bytes_of(plan)
    answer = migrate(*words)
    assert (answer.status, bytes_of(plan), "Traceback" in answer.err) == (8, before, False)


def test_a_journal_of_the_lab_is_exit_8_before_a_real_cluster_is_asked(migrate: Typed, plan: Path, tmp_path: Path) -> None:
    """The variable of the lab was unset and that of its state was not: nothing is dialled, not one byte is written."""
    ports = tmp_path / "kubeconfig"
    _kubeconfig(ports, "http://127.0.0.1:9")
    Journal.open(plan / "state", world="lab:1", clock=RealClock(), ids=RealIds()).close()
    before = bytes_of(plan)
    answer = migrate("advance", "app", "alpha", "--kubeconfig", str(ports), "--source-context", "source", "--target-context", "target")
    assert (answer.status, bytes_of(plan)) == (8, before)
    assert "lab:1" in answer.err
