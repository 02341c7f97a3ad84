"""StatefulSet → Pods one after the other, each with claims of its own that outlive it (domain B90)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, either, key_of, owned_by, owner, ready
from portkey_migrate.lab.controllers.quota import refusal
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.truth import assumed, documented, held

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    held("a Pod by its name and ordinal", "tests/real/settled/a-stateful-set-makes-its-pod.yaml"),
    documented(
        "each Pod has a claim of its own, which stays", "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage"
    ),
    documented(
        "in order up, in reverse down", "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees"
    ),
    assumed("refused by a fence, it tries again after 10 s", "the real one backs off as a ReplicaSet does", "either"),
)


class StatefulSets(Controller):
    """Ordinals in order up, in reverse down; the next only when the one before is ready, or gone."""

    name = "statefulset-controller"
    kinds = frozenset({"StatefulSet", "Pod"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "StatefulSet":
            yield key_of(obj), world.latency("controller", f"{self.cluster}/statefulsets")
        elif mine := owner(obj, "StatefulSet"):
            yield (obj["metadata"]["namespace"], mine), 0.02

    def act(self, world: World, now: float, key: Key) -> float | None:
        mine = self.get(world, "StatefulSet", *key)
        if mine is None or not alive(mine):
            return None
        wanted = int(mine["spec"].get("replicas", 1))
        pods = {one["metadata"]["name"]: one for one in self.list(world, "Pod", key[0]) if owner(one, "StatefulSet") == key[1]}
        again = self._step(world, now, mine, wanted, pods)
        here = sum(ready(one) and alive(one) for one in pods.values())
        status: Object = {"observedGeneration": mine["metadata"]["generation"], "replicas": len(pods)}
        status |= {field: here for field in ("readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas") if here}
        if status != mine.get("status"):
            self.replace(world, {**mine, "status": status})
        return again

    def _step(self, world: World, now: float, mine: Object, wanted: int, pods: dict[str, Object]) -> float | None:
        name = mine["metadata"]["name"]
        for ordinal in range(wanted):
            pod = pods.get(f"{name}-{ordinal}")
            if pod is None:
                made = None if refusal(world, self.cluster, mine["metadata"]["namespace"]) else self._pod(world, mine, ordinal)
                if made is None:
                    return now + 10.0  # refused: its queue backs off
                pods[made["metadata"]["name"]] = made
                return None
            if not alive(pod) or not ready(pod):
                return None
        above = sorted((one for one in pods if int(one.rpartition("-")[2]) >= wanted), key=lambda one: -int(one.rpartition("-")[2]))
        if above and alive(pods[above[0]]):
            self.delete(world, pods[above[0]])
        return None

    def _pod(self, world: World, mine: Object, ordinal: int) -> Object | None:
        metadata, template = mine["metadata"], mine["spec"]["template"]
        name, namespace = f"{metadata['name']}-{ordinal}", metadata["namespace"]
        volumes = list(template["spec"].get("volumes", ()))
        for wanted in mine["spec"].get("volumeClaimTemplates", ()):
            claim = f"{wanted['metadata']['name']}-{name}"
            volumes.append({"name": wanted["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}})
            if self.get(world, "PersistentVolumeClaim", namespace, claim) is None:
                obj = {"kind": "PersistentVolumeClaim", "metadata": {"name": claim, "namespace": namespace}, "spec": dict(wanted["spec"])}
                self.create(world, "PersistentVolumeClaim", posted(world, self.cluster, obj))
        labels = {**template["metadata"].get("labels", {}), "statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": str(ordinal)}
        spec = {"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, **template["spec"], **({"volumes": volumes} if volumes else {})}
        return self.create(
            world,
            "Pod",
            {
                "metadata": {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": [owned_by(mine)]},
                "spec": spec,
                "status": {"phase": "Pending", "qosClass": "BestEffort"},
            },
        )
