"""A plan in a folder of its own, written by each test, and the names that this version knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from portkey_migrate import machines
from portkey_migrate.errors import PlanInvalid
from portkey_migrate.model import Plan
from portkey_migrate.plan import Names, load

REPO = Path(__file__).parents[2]
STATES = {**machines.STATES, "new-node": machines.NEW_NODE}

NAMES = Names(
    methods=frozenset({"stateless"}),
    checks=frozenset({"hold-holds"}),
    tasks=frozenset({"install-tea"}),
    not_built_methods=frozenset({"handover", "shared", "database", "copy", "singleton"}),
    not_built_tasks=frozenset({"vm-snapshots"}),
    not_built_checks=frozenset({"retain-is-rendered"}),
    states=STATES,
    app_gates=machines.GATES["app"],
)

FILES = {
    "migration.yaml": """\
schema: portkey.dev/v1
name: small
timezone: Europe/Berlin
source: {kind: k3s}
target: {kind: talos}
nodes:
  one: {vm: 101, becomes: controlplane}
  two: {vm: 102, becomes: worker, new: {host: pve, ip: 10.0.0.2, cpu: 2, memory: 4096}}
""",
    "apps.yaml": """\
defaults: {outage: 5m, soak: 2h}
apps:
  alpha:
    method: stateless
  beta:
    method: stateless
    outage: 1m
    needs: {app/alpha: committed}
""",
    "1-first.yaml": """\
goal: Alpha first
do:
  - {task: people-know, ask: "Do they?"}
  - app: alpha
  - app: beta
""",
}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the small plan with some files replaced (None: left out), and gives its home."""

    def make(**files: str | bytes | None) -> Path:
        folder = tmp_path / "home" / "phases"
        folder.mkdir(parents=True, exist_ok=True)
        every: dict[str, str | bytes | None] = {**FILES, **{name.replace("__", "-") + ".yaml": text for name, text in files.items()}}
        for name, text in every.items():
            if text is not None:
                (folder / name.removeprefix("p")).write_bytes(text.encode() if isinstance(text, str) else text)
        return folder.parent

    return make


def faults(home: Path, names: Names = NAMES) -> list[str]:
    """Every fault of a plan; none is an error of the test."""
    with pytest.raises(PlanInvalid) as caught:
        load(home, names)
    return list(caught.value.data["faults"])


@pytest.fixture
def faults_of() -> Callable[[Path], list[str]]:
    return faults


@pytest.fixture
def read() -> Callable[[Path], Plan]:
    """Loads a plan with the names of these tests."""
    return lambda home: load(home, NAMES)
