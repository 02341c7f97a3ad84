"""A plan in a folder of its own, written by each test, and the names that this version knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from portkey_migrate import machines
from portkey_migrate.errors import PlanInvalid
from portkey_migrate.model import Plan
from portkey_migrate.plan import Names, load

REPO = Path(__file__).parents[2]
STATES: Mapping[str, tuple[str, ...]] = {**dict(machines.STATES.items()), "new-node": machines.NEW_NODE}

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

#: What the shipped plan names and no registry holds yet.
SHIPPED = Names(
    methods=frozenset({"stateless"}),
    checks=frozenset(),
    tasks=frozenset(),
    not_built_methods=NAMES.not_built_methods,
    not_built_tasks=frozenset(
        [
            "argocd-under-its-own-name",
            "bootstrap-etcd",
            "free-k3s-disks",
            "install-actions-runner-controller",
            "install-argocd",
            "install-cert-manager",
            "install-cilium",
            "install-crds",
            "install-csr-approver",
            "install-external-secrets",
            "install-ingress-nginx",
            "install-intel-gpu",
            "install-kured",
            "install-mariadb-operator",
            "install-metrics-server",
            "install-monitoring-system",
            "install-nfs-csi",
            "install-rook-external",
            "install-volsync",
            "k3s-etcd-snapshot-before-metal1",
            "k3s-etcd-snapshot-offsite",
            "k3s-reboots-held",
            "move-ingress-address",
            "prepare-zigbee-mapping",
            "retire-k3s-kubeconfig",
            "retire-vip-100",
            "seed-global-secrets",
            "seed-tls-secrets",
            "settle-load-balancer-pool",
            "talos-etcd-snapshot-before-metal1",
            "talos-etcd-snapshot-offsite",
            "vm-snapshots",
        ]
    ),
    not_built_checks=frozenset(
        [
            "addresses-have-one-owner",
            "applicationsets-tolerate-a-hold",
            "claims-are-never-pruned",
            "images-are-by-digest",
            "k3s-etcd-has-1-of-1",
            "k3s-etcd-has-2-of-2",
            "retain-is-rendered",
            "source-is-frozen",
            "storage-carries-a-write",
            "talos-etcd-has-3-of-3",
            "talos-nodes-are-ready",
            "target-follows-an-allow-list",
            "target-repository-is-its-own",
        ]
    ),
    states=STATES,
    app_gates=machines.GATES["app"],
)

Write = Callable[[Mapping[str, str | bytes | None]], Path]
Faults = Callable[[Mapping[str, str | bytes | None]], list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the small plan with some files replaced (None: left out), and gives its home."""

    def make(files: Mapping[str, str | bytes | None]) -> Path:
        folder = tmp_path / "home" / "phases"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {**FILES, **files}.items():
            if text is not None:
                (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return folder.parent

    return make


@pytest.fixture
def faults(write: Write) -> Faults:
    """Every fault of the small plan with some files replaced; none is an error of the test."""

    def look(files: Mapping[str, str | bytes | None]) -> list[str]:
        with pytest.raises(PlanInvalid) as caught:
            load(write(files), NAMES)
        return list(caught.value.data["faults"])

    return look


@pytest.fixture
def made(write: Write) -> Callable[[Mapping[str, str | bytes | None]], Plan]:
    """The small plan with some files replaced, loaded."""
    return lambda files: load(write(files), NAMES)


@pytest.fixture
def shipped() -> Plan:
    """The plan of the portkey cluster, as it ships."""
    return load(REPO, SHIPPED)


@pytest.fixture
def two_apps() -> Plan:
    """The small plan of its own that the rehearsals take all the way."""
    return load(REPO / "tests" / "plans" / "two-apps", SHIPPED)
