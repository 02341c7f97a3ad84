"""Hands for what holds data in the lab: somebody with every right, vaultwarden's own objects by name, and Ceph's two commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from portkey_migrate.lab import worlds
from portkey_migrate.lab.ceph import Image, ceph
from portkey_migrate.lab.store import By
from portkey_migrate.lab.town import posted, town
from portkey_migrate.lab.world import World

PERSON = By("somebody", session="1")
APP = "vaultwarden"


class Hand:
    """Somebody with every right, in one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def get(self, cluster: str, kind: str, name: str, namespace: str = APP) -> Any:
        return self.world.store.get(cluster, kind, namespace, name)

    def all(self, cluster: str, kind: str, namespace: str = "") -> list[Any]:
        return self.world.store.list(cluster, kind, namespace)

    def make(self, cluster: str, kind: str, name: str, spec: dict[str, Any], namespace: str = APP, **more: Any) -> Any:
        metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **more.pop("metadata", {})}
        obj = {"kind": kind, "metadata": metadata, "spec": spec, **more}
        return self.world.store.create(cluster, kind, posted(self.world, cluster, obj), PERSON)

    def patch(self, cluster: str, kind: str, name: str, patch: dict[str, Any], namespace: str = APP) -> Any:
        return self.world.store.patch(cluster, kind, namespace, name, patch, PERSON)

    def delete(self, cluster: str, kind: str, name: str, namespace: str = APP) -> Any:
        return self.world.store.delete(cluster, kind, namespace, name, PERSON)

    def scale(self, cluster: str, to: int) -> None:
        self.patch(cluster, "Deployment", APP, {"spec": {"replicas": to}})

    def hold(self, cluster: str) -> None:
        self.patch(cluster, "Application", APP, {"spec": {"syncPolicy": {"automated": None}}}, "argocd")

    def fence(self, cluster: str, pods: str) -> None:
        if self.get(cluster, "ResourceQuota", "pm-fence") is None:
            self.make(cluster, "ResourceQuota", "pm-fence", {"hard": {"pods": pods}})
        else:
            self.patch(cluster, "ResourceQuota", "pm-fence", {"spec": {"hard": {"pods": pods}}})

    def wait(self, seconds: float) -> None:
        self.world.run_until(self.world.now + seconds)

    def until(self, fact: Callable[[], Any], within: float = 60.0) -> float:
        """Seconds until a fact is so, event by event."""
        began = self.world.now
        while not fact():
            when = self.world.next_time
            assert when is not None, "nothing will happen any more"
            assert when <= began + within, f"not so within {within} s"
            self.world.step()
        return self.world.now - began

    def run(self, *argv: str) -> Any:
        return self.world.commands[argv[0]](self.world, list(argv), "")

    # ---- vaultwarden ----

    @property
    def volume(self) -> Any:
        return self.get("source", "PersistentVolume", self.get("source", "PersistentVolumeClaim", APP)["spec"]["volumeName"], "")

    @property
    def image(self) -> Image:
        attributes = self.volume["spec"]["csi"]["volumeAttributes"]
        found = ceph(self.world).image(attributes["pool"], attributes["imageName"])
        assert found is not None
        return found

    @property
    def spec(self) -> str:
        return f"{self.image.pool}/{self.image.name}"

    def watchers(self) -> list[str]:
        return [one["address"] for one in json.loads(self.run("rbd", "status", self.spec, "--format", "json")["stdout"])["watchers"]]

    def pods(self, cluster: str) -> list[Any]:
        return [one for one in self.all(cluster, "Pod", APP) if not one["metadata"]["name"].startswith("volsync-")]

    def serves(self) -> str:
        return town(self.world).users.who(self.world, APP)

    def sync(self, cluster: str = "source") -> Any:
        return self.get(cluster, "ReplicationSource", APP)["status"]

    def stands_on_the_target(self) -> None:
        """What `prepared` makes there: namespace, Secret, volume, claim and, fenced, the workload at 0."""
        world = self.world
        world.store.create("target", "Namespace", posted(world, "target", {"kind": "Namespace", "metadata": {"name": APP}}), PERSON)
        self.fence("target", "0")
        self.carry_volume()
        for kind in ("Service", "Deployment"):
            one = self.get("source", kind, APP)
            spec = {**one["spec"], **({"replicas": 0} if kind == "Deployment" else {})}
            spec = {key: value for key, value in spec.items() if key not in ("clusterIP", "clusterIPs")}
            self.make("target", kind, APP, spec)

    def carry_volume(self) -> None:
        theirs, claim = self.volume, self.get("source", "PersistentVolumeClaim", APP)
        self.patch("source", "PersistentVolume", theirs["metadata"]["name"], {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}, "")
        ref = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": APP, "name": APP}
        spec = {**theirs["spec"], "claimRef": ref, "persistentVolumeReclaimPolicy": "Retain"}
        self.make("target", "PersistentVolume", theirs["metadata"]["name"], spec, "")
        self.until(lambda: self.get("target", "PersistentVolume", theirs["metadata"]["name"], "")["status"]["phase"] == "Available")
        self.make("target", "PersistentVolumeClaim", APP, claim["spec"])
        self.until(lambda: self.get("target", "PersistentVolumeClaim", APP)["status"]["phase"] == "Bound", within=1.0)


@pytest.fixture
def hand() -> Hand:
    return Hand(worlds.make("portkey", 7))


@pytest.fixture
def world(hand: Hand) -> World:
    return hand.world
