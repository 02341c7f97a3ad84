"""Nodes and their Leases. A heartbeat is a function of `now`, read when somebody looks: seven days of them cost nothing (lab.md 16)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, conditions, either, key_of
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.town import town
from portkey_migrate.lab.truth import measured, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    measured("a frozen node is NotReady after 50 s, its ends go only then", "Kubernetes the control plane real, its nodes' kubelets stand-ins"),
    read("50 s without a word", "kubernetes pkg/controller/nodelifecycle/config/v1alpha1/defaults.go:46"),
    read("its Pods are told to end 300 s later", "kubernetes plugin/pkg/admission/defaulttolerationseconds/admission.go:44"),
    read("a Lease each 10 s: a quarter of 40", "kubernetes pkg/kubelet/kubelet.go:236, pkg/kubelet/apis/config/v1beta1/defaults.go:151"),
)

NAMESPACE = "kube-node-lease"
EVERY = 10.0  # lab.md 10a: a node's Lease every 10 s
#: A Pod tolerates an unreachable node for this long (the admission's default tolerations).
EVICTED = 300.0
FROZEN = 50.0  # real/README.md §4.19: a frozen node is NotReady after 50 s


def micro(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Leases:
    """What a Lease says now. Picklable, and asked by the store whenever a Lease is read."""

    def __init__(self, silent: dict[tuple[str, str], float]) -> None:
        self.silent = silent
        self.nodes: dict[str, tuple[str, str]] = {}  # the Lease's uid → cluster and node
        self.stuck: dict[tuple[str, str], float] = {}  # a node that works and does not say so any more

    def renewed(self, lease: Object, now: float) -> tuple[Object, float | None]:
        """Renewed at the newest of its own moments, ten seconds apart; a silent node renews no more."""
        node = self.nodes.get(lease["metadata"]["uid"])
        if node is None:
            return lease, None
        phase = int(hashlib.sha256("/".join(node).encode()).hexdigest()[:6], 16) % 10_000 / 1000.0
        since = min((known[node] for known in (self.silent, self.stuck) if node in known), default=None)
        last = math.floor((min(now, since) if since is not None else now) / EVERY - phase / EVERY) * EVERY + phase
        said = micro(last)
        following = None if since is not None else last + EVERY
        if lease["spec"].get("renewTime") == said:
            return lease, following
        return {**lease, "spec": {**lease["spec"], "renewTime": said}}, following


class NodeLifecycle(Controller):
    """A node that went silent is NotReady fifty seconds later, and Ready again once it speaks."""

    name = "node-lifecycle-controller"
    kinds = frozenset({"Node"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        del world, kind
        yield key_of(either(old, new)), 0.1

    def act(self, world: World, now: float, key: Key) -> float | None:
        node = self.get(world, "Node", *key)
        if node is None:
            return None
        since = town(world).silent.get((self.cluster, key[1]))
        unknown = any(one["type"] == "Ready" and one["status"] == "Unknown" for one in node["status"]["conditions"])
        if since is None:
            if unknown:
                self._say(world, now, node, "True", "KubeletReady")
                self._pods(world, now, key[1], "True")
            return None
        if now < since + FROZEN:
            return since + FROZEN
        if not unknown:
            self._say(world, now, node, "Unknown", "NodeStatusUnknown")
            self._pods(world, now, key[1], "False")
        if now < since + FROZEN + EVICTED:
            return since + FROZEN + EVICTED
        for pod in self.list(world, "Pod"):
            if pod["spec"].get("nodeName") == key[1] and alive(pod):
                self.delete(world, pod)  # taint manager: marked, and there until its node says that it has ended
        return None

    def _pods(self, world: World, now: float, node: str, status: str) -> None:
        """Pods of a node that is not ready are not ready; only then do endpoints go (real/README.md §4.19). Back, those that ran are ready again."""
        for pod in self.list(world, "Pod"):
            if pod["spec"].get("nodeName") == node and alive(pod) and pod.get("status", {}).get("phase") == "Running":
                turned = conditions(pod, {"type": "Ready", "status": status}, stamped=stamp(now))
                self.replace(world, {**pod, "status": {**pod["status"], "conditions": turned}})

    def _say(self, world: World, now: float, node: Object, status: str, reason: str) -> None:
        said = conditions(node, {"type": "Ready", "status": status, "reason": reason}, stamped=stamp(now))
        self.replace(world, {**node, "status": {**node["status"], "conditions": said}})
