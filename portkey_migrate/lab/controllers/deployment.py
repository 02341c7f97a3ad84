"""Deployment → ReplicaSet, with the rolling order of the real controller and status as it writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, conditions, either, key_of, owned_by, owner
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.truth import assumed, held, measured, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    held("a Deployment makes its Pods by a ReplicaSet", "tests/real/settled/a-deployment-makes-its-pods.yaml"),
    held("deleted, it takes them along", "tests/real/settled/a-deleted-deployment-takes-its-pods.yaml"),
    read("Recreate: the old Pods end first", "kubernetes pkg/controller/deployment/recreate.go:29 rolloutRecreate"),
    measured("at 0 of 0 it says Available", "Kubernetes once"),
    assumed("a rolling update is one surge, then the old go", "the real one goes in steps; the lab's apps have one Pod", "kinder"),
)

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # what Kubernetes makes its hashes of


def template_hash(template: Any) -> str:
    """The pod-template-hash: the same template gives the same ReplicaSet, which is what makes a roll back cheap."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:10])


class Deployments(Controller):
    """Makes a ReplicaSet for each template, scales the newest up and the others down, and writes the Deployment's status."""

    name = "deployment-controller"
    kinds = frozenset({"Deployment", "ReplicaSet"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "Deployment":
            yield key_of(obj), world.latency("controller", f"{self.cluster}/deployments")
        else:
            mine = owner(obj, "Deployment")
            if mine:
                yield (obj["metadata"]["namespace"], mine), 0.01

    def act(self, world: World, now: float, key: Key) -> float | None:
        deployment = self.get(world, "Deployment", *key)
        if deployment is None or not alive(deployment):
            return None
        wanted = int(deployment["spec"].get("replicas", 1))
        digest = template_hash(deployment["spec"]["template"])
        mine = [rs for rs in self.list(world, "ReplicaSet", key[0]) if owner(rs, "Deployment") == key[1] and alive(rs)]
        newest = next((rs for rs in mine if rs["metadata"]["labels"].get("pod-template-hash") == digest), None)
        others = [rs for rs in mine if rs is not newest]
        if newest is None:
            # With Recreate the old Pods end first; else old and new run side by side (surge 25 %, rounded up).
            if deployment["spec"].get("strategy", {}).get("type") == "Recreate" and self._shrink(world, others):
                self._status(world, now, deployment, others)
                return None
            newest = self._new(world, deployment, digest, wanted, len(others) + 1)
            if newest is None:
                return None
        elif int(newest["spec"]["replicas"]) != wanted:
            newest = self.patch(world, newest, {"spec": {"replicas": wanted}})
        if int(newest.get("status", {}).get("readyReplicas", 0)) >= wanted:
            self._shrink(world, others)
        self._status(world, now, deployment, [newest, *others])
        return None

    def _shrink(self, world: World, others: list[Object]) -> bool:
        """Whether an old ReplicaSet still wants or has Pods."""
        for rs in others:
            if int(rs["spec"]["replicas"]):
                self.patch(world, rs, {"spec": {"replicas": 0}})
        return any(int(rs.get("status", {}).get("replicas", 0)) for rs in others)

    def _new(self, world: World, deployment: Object, digest: str, wanted: int, revision: int) -> Object | None:
        metadata, template = deployment["metadata"], deployment["spec"]["template"]
        labels = {**template["metadata"].get("labels", {}), "pod-template-hash": digest}
        return self.create(
            world,
            "ReplicaSet",
            {
                "metadata": {
                    "name": f"{metadata['name']}-{digest}",
                    "namespace": metadata["namespace"],
                    "labels": labels,
                    "annotations": {"deployment.kubernetes.io/revision": str(revision)},
                    "ownerReferences": [owned_by(deployment)],
                },
                "spec": {
                    "replicas": wanted,
                    "selector": {"matchLabels": {**deployment["spec"]["selector"]["matchLabels"], "pod-template-hash": digest}},
                    "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
                },
                "status": {"replicas": 0},
            },
        )

    def _status(self, world: World, now: float, deployment: Object, sets: list[Object]) -> None:
        wanted = int(deployment["spec"].get("replicas", 1))
        total, here = (sum(int(rs.get("status", {}).get(field, 0)) for rs in sets) for field in ("replicas", "readyReplicas"))
        failing = next((c for rs in sets for c in rs.get("status", {}).get("conditions", ()) if c["type"] == "ReplicaFailure"), None)
        counted = {
            "replicas": total,
            "updatedReplicas": int(sets[0].get("status", {}).get("replicas", 0)) if sets else 0,
            "readyReplicas": here,
            "availableReplicas": here,
            "unavailableReplicas": max(wanted - here, 0),
        }
        status: Object = {"observedGeneration": deployment["metadata"]["generation"], **{field: count for field, count in counted.items() if count}}
        # At 0 of 0 the real controller says Available too (real/ C, Workloads).
        available = {"type": "Available", "status": "True" if here >= wanted else "False"}
        available["reason"] = "MinimumReplicasAvailable" if here >= wanted else "MinimumReplicasUnavailable"
        progress = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
        extra = [] if failing is None else [{key: failing[key] for key in ("type", "status", "reason", "message")}]
        status["conditions"] = conditions(deployment, available, progress, *extra, drop=() if extra else ("ReplicaFailure",), stamped=stamp(now))
        if status != deployment.get("status"):
            self.replace(world, {**deployment, "status": status})
