"""ReplicaSet → Pods, with the quota's refusal and the back-off that follows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, conditions, either, key_of, owned_by, owner, ready
from portkey_migrate.lab.controllers.quota import refusal
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.traps import quota_back_off
from portkey_migrate.lab.truth import assumed, held, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    held("under a fence none is made", "tests/real/settled/a-deployment-under-a-fence-makes-none.yaml"),
    assumed("and its status says why", "the real one says ReplicaFailure, FailedCreate; no script looks at it", "either"),
    read("a Pod that ends counts no more", "kubernetes pkg/controller/controller_utils.go:1001 FilterActivePods"),
)

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class ReplicaSets(Controller):
    """Keeps as many Pods as it is asked for; a Pod that is going counts no more."""

    name = "replicaset-controller"
    kinds = frozenset({"ReplicaSet", "Pod"})

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.failures: dict[Key, int] = {}
        self.made: dict[Key, int] = {}  # Pods ever made: the next one's name

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "ReplicaSet":
            # A status that it wrote itself is no reason to jump its own back-off.
            if old is None or new is None or old["spec"] != new["spec"]:
                yield key_of(obj), world.latency("controller", f"{self.cluster}/replicasets")
        else:
            mine = owner(obj, "ReplicaSet")
            if mine:
                yield (obj["metadata"]["namespace"], mine), 0.01

    def act(self, world: World, now: float, key: Key) -> float | None:
        rs = self.get(world, "ReplicaSet", *key)
        if rs is None or not alive(rs):
            self.failures.pop(key, None)
            return None
        pods = [pod for pod in self.list(world, "Pod", key[0]) if owner(pod, "ReplicaSet") == key[1]]
        live = [pod for pod in pods if alive(pod)]
        wanted, refused = int(rs["spec"]["replicas"]), ""
        for pod in sorted(live, key=lambda pod: (ready(pod), bool(pod["spec"].get("nodeName")), pod["metadata"]["name"]))[
            : max(len(live) - wanted, 0)
        ]:
            self.delete(world, pod)
            live.remove(pod)
        while len(live) < wanted:
            refused = refusal(world, self.cluster, key[0])
            made = None if refused else self._pod(world, rs, key)
            if made is None:
                break
            live.append(made)
        self._status(world, now, rs, live, refused)
        if not refused:
            self.failures.pop(key, None)
            return None
        failures = self.failures.get(key, 0)
        self.failures[key] = failures + 1
        return now + (quota_back_off.delay(failures) if quota_back_off.TRAP.bites(world) else quota_back_off.without())

    def _pod(self, world: World, rs: Object, key: Key) -> Object | None:
        n = self.made[key] = self.made.get(key, 0) + 1
        digest = hashlib.sha256(f"{world.seed}:{self.cluster}:{key[0]}/{key[1]}:{n}".encode()).digest()
        suffix = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:5])
        template = rs["spec"]["template"]
        return self.create(
            world,
            "Pod",
            {
                "metadata": {
                    **{part: dict(template["metadata"][part]) for part in ("labels", "annotations") if template["metadata"].get(part)},
                    "name": f"{key[1]}-{suffix}",
                    "generateName": f"{key[1]}-",
                    "namespace": key[0],
                    "ownerReferences": [owned_by(rs)],
                },
                "spec": {"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, **template["spec"]},
                "status": {"phase": "Pending", "qosClass": "BestEffort"},
            },
        )

    def _status(self, world: World, now: float, rs: Object, live: list[Object], refused: str) -> None:
        here = sum(ready(pod) for pod in live)
        counted = {"fullyLabeledReplicas": len(live), "readyReplicas": here, "availableReplicas": here}
        status: Object = {"observedGeneration": rs["metadata"]["generation"], "replicas": len(live), **{f: n for f, n in counted.items() if n}}
        failure = {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate",
            "message": f'pods "{rs["metadata"]["name"]}-" is forbidden: {refused}',
        }
        said = conditions(rs, *([failure] if refused else ()), drop=() if refused else ("ReplicaFailure",), stamped=stamp(now))
        if said:
            status["conditions"] = said
        if status != rs.get("status"):
            self.replace(world, {**rs, "status": status})
