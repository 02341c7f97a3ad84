"""The lab's world looked at straight, without a socket: what a check of the first phase reads of both clusters and of the hypervisor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate import session
from portkey_migrate.lab import worlds
from portkey_migrate.lab.pve import pve
from portkey_migrate.lab.world import World
from portkey_migrate.model import Change, Plan, Ref, Seen
from portkey_migrate.systems.at import At


@dataclass
class Looked:
    """A system that only looks."""

    world: World
    cluster: str

    def read(self, ref: Ref) -> Seen:
        if self.cluster == "proxmox":
            one = next((vm for vm in self.list("Snapshot", ref.namespace)[0] if vm["name"] == ref.name), None)
            return Seen(one, "1", ref.name) if one is not None else Seen(None)
        thing = self.world.store.get(self.cluster, ref.kind, ref.namespace, ref.name)
        return Seen(_masked(thing), "1", thing["metadata"]["uid"]) if thing is not None else Seen(None)

    def list(self, kind: str, namespace: str = "") -> tuple[Sequence[Mapping[str, Any]], str]:
        if self.cluster != "proxmox":
            return self.world.store.list(self.cluster, kind, namespace), "1"
        vms = pve(self.world).vms
        if kind == "VM":
            return [{"metadata": {"name": str(vmid)}} for vmid in vms], ""
        made = vms[int(namespace)].snapshots if int(namespace) in vms else []
        return [{"metadata": {"name": one.name, "namespace": namespace}, "name": one.name, "snaptime": one.snaptime} for one in made], ""

    def ask(self, question: str, **values: Any) -> Mapping[str, Any]:
        raise AssertionError(f"no check here asks {question} {values}")

    def watch(self, kind: str, namespace: str, since: str, timeout: float) -> None:
        raise AssertionError("a check never waits")

    def send(self, change: Change, seen: Seen, token: str) -> None:
        raise AssertionError("a check changes nothing")

    def by_hand(self, change: Change) -> Any:
        raise AssertionError("a check changes nothing")


def _masked(thing: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**thing, "data": {key: f"hmac:{hash(value)}" for key, value in thing["data"].items()}} if thing.get("kind") == "Secret" else thing


@dataclass
class Clock:
    world: World

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.world.now, tz=UTC)

    def monotonic(self) -> float:
        return self.world.now

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a check never waits")


@dataclass
class Eyes:
    """Somebody who looks at one world with the shipped plan in hand."""

    world: World
    plan: Plan
    without: set[str] = field(default_factory=set)

    def look(self, subject: str = "task/seen") -> At:
        systems: dict[str, Any] = {name: Looked(self.world, name) for name in ("source", "target", "proxmox") if name not in self.without}
        return At(
            subject, "pm-1a2b-9", Clock(self.world), systems, lambda *_: pytest.fail("nothing is fetched"),
            lambda *_: pytest.fail("nothing is run"), plan=self.plan,
        )  # fmt: skip


@pytest.fixture(scope="session")
def shipped() -> Plan:
    """The portkey cluster's own plan, with everything that is built."""
    return session.load_plan(Path(__file__).parents[2])


@pytest.fixture
def portkey(shipped: Plan) -> Eyes:
    """After the commits of the first phase."""
    return Eyes(worlds.make("portkey", 3), shipped)


@pytest.fixture
def as_found(shipped: Plan) -> Eyes:
    """Before any of them."""
    return Eyes(worlds.make("portkey-as-found", 3), shipped)
