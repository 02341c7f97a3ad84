"""Scheduler and kubelets: a Pod gets a node, starts, becomes ready, and ends; each takes its time, and a silent node does nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, conditions, either, key_of, owner, ready
from portkey_migrate.lab.controllers.mounts import Mounts
from portkey_migrate.lab.controllers.volumes import claims
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.town import town
from portkey_migrate.lab.traps import slow_end
from portkey_migrate.lab.truth import assumed, documented, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    documented("a Pod waits for its claims to be bound", "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding"),
    read("a node that holds the image is preferred", "kubernetes pkg/scheduler/framework/plugins/imagelocality/image_locality.go:70 Score"),
    assumed("Pods fit wherever they may", "nothing counts CPU or memory", "kinder"),
    assumed("an app that starts gets ready", "unless a situation says otherwise; probes are not played", "kinder"),
)


def may_take_pods(node: Object) -> bool:
    """Ready, not cordoned, and no taint that keeps an ordinary Pod away."""
    healthy = any(one["type"] == "Ready" and one["status"] == "True" for one in node.get("status", {}).get("conditions", ()))
    kept_away = any(taint["effect"] in ("NoSchedule", "NoExecute") for taint in node.get("spec", {}).get("taints", ()))
    return healthy and not node.get("spec", {}).get("unschedulable") and not kept_away


class Kubelets(Controller):
    """Every Pod's life in one cluster. Latencies: lab.md 10a (start 1-4 s, ready 1-6 s, end 1-8 s)."""

    name = "kubelet"
    kinds = frozenset({"Pod", "Node", "VolumeAttachment", "PersistentVolumeClaim"})

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.mounts = Mounts(cluster)
        self.stage: dict[str, tuple[str, float]] = {}  # uid → what it is in, until when
        self.addresses = 0
        self.pulled: dict[str, set[str]] = {}  # node → images that it holds

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "Pod":
            yield from self._of_pod(world, old, new)
        elif kind == "Node":
            for pod in self.list(world, "Pod"):
                if not pod["spec"].get("nodeName"):
                    yield key_of(pod), 0.05
        else:
            node = obj["spec"].get("nodeName", "")
            for pod in self.list(world, "Pod", obj["metadata"].get("namespace", "")):
                if claims(pod) and pod["spec"].get("nodeName", "") == node:
                    yield key_of(pod), 0.02

    def _of_pod(self, world: World, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        if new is not None:
            yield key_of(new), world.latency("scheduler", self.cluster)
            if _ended(new) and old is not None and not _ended(old):
                yield from self.mounts.leaves(world, new, 0.0)
        elif old is not None:
            # Taken away by force: its process runs on until the kubelet has seen it.
            running = self.stage.pop(old["metadata"]["uid"], None) is not None
            if not _ended(old):
                yield from self.mounts.leaves(world, old, slow_end.takes(world, self.cluster) if running else 0.0)

    def act(self, world: World, now: float, key: Key) -> float | None:
        if key[0] == "unmap" and len(key) == len(("unmap", "node", "volume")):
            if (self.cluster, key[1]) in town(world).silent:
                return now + 1.0
            self.mounts.unmap(world, key[1], key[2])
            return None
        pod = self.get(world, "Pod", *key)
        if pod is None or _ended(pod):
            return None
        node = pod["spec"].get("nodeName", "")
        if node and (self.cluster, node) in town(world).silent:
            return now + 1.0  # frozen: what it runs goes on or stands still, and nothing that it is told is done
        if not alive(pod):
            return self._end(world, now, pod)
        return self._lives(world, now, pod) if node else self._bind(world, now, pod)

    def _lives(self, world: World, now: float, pod: Object) -> float | None:
        """Starts, becomes ready, runs: each stage until a time drawn when it began."""
        uid = pod["metadata"]["uid"]
        if uid not in self.stage:
            if ready(pod):
                return None
            again = self.mounts.wait(world, now, pod)
            if again is not None:
                return again
            self.stage[uid] = ("start", now + world.latency("pod-start", self.cluster) + self._pull(world, pod))
        doing, until = self.stage[uid]
        if now < until:
            return until
        if doing == "start":
            until = now + world.latency("pod-ready", self.cluster)
            self.stage[uid] = ("ready", until)
            self._running(world, now, pod, is_ready=False)
            return until
        if doing == "ready" and self._sick(world, pod) != "never-ready":
            self.stage[uid] = ("runs", 0.0)
            self._running(world, now, pod, is_ready=True)
        return None

    def _pull(self, world: World, pod: Object) -> float:
        """Seconds for the images that its node does not hold yet; it holds them from then on."""
        node = self.get(world, "Node", "", pod["spec"]["nodeName"])
        wanted = {image_id(world, one["image"]) for one in pod["spec"]["containers"]}
        if node is None:
            return 0.0
        held = node["status"].get("images", [])
        missing = sorted(wanted - {name for one in held for name in one["names"]})
        if missing:
            new = [{"names": [one], "sizeBytes": 40_000_000} for one in missing]
            self.replace(world, {**node, "status": {**node["status"], "images": [*held, *new]}})
        return sum(world.latency("image-pull", self.cluster) for _ in missing)

    def _sick(self, world: World, pod: Object) -> str:
        return str(town(world).sick.get((self.cluster, pod["metadata"]["namespace"]), ""))

    def _bind(self, world: World, now: float, pod: Object) -> float | None:
        wanted = pod["spec"].get("nodeSelector", {})
        free = [
            node["metadata"]["name"]
            for node in self.list(world, "Node")
            if may_take_pods(node)
            and wanted.items() <= node["metadata"].get("labels", {}).items()
            and (self.cluster, node["metadata"]["name"]) not in town(world).silent
        ]
        unbound = not self.mounts.claims_are_bound(world, pod)
        if not free or unbound:
            message = "0 nodes are available: the others are cordoned, tainted or not ready."
            if unbound:
                message = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
            found = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
            said = conditions(pod, found, stamped=stamp(now))
            if said != pod["status"].get("conditions"):
                self.replace(world, {**pod, "status": {**pod["status"], "conditions": said}})
            return None
        chosen = self._best(world, pod, free)
        said = conditions(pod, {"type": "PodScheduled", "status": "True"}, stamped=stamp(now))
        self.replace(world, {**pod, "spec": {**pod["spec"], "nodeName": chosen}, "status": {**pod["status"], "conditions": said}})
        return None

    def _best(self, world: World, pod: Object, free: list[str]) -> str:
        """Spread first, then where the image is (ImageLocality), then where least runs: a Pod that comes back comes back to its node."""
        images = {one["image"] for one in pod["spec"]["containers"]}
        family, load = dict.fromkeys(free, 0), dict.fromkeys(free, 0)
        for other in self.list(world, "Pod"):
            node = other["spec"].get("nodeName", "")
            if node in load and alive(other):
                load[node] += 1
                family[node] += owner(other, "ReplicaSet") == owner(pod, "ReplicaSet")
        chosen = min(free, key=lambda name: (family[name], not images <= self.pulled.get(name, set()), load[name], name))
        self.pulled.setdefault(chosen, set()).update(images)
        return chosen

    def _running(self, world: World, now: float, pod: Object, *, is_ready: bool) -> None:
        status = dict(pod["status"])
        if "podIP" not in status:
            self.addresses += 1
            third, last = divmod(self.addresses, 250)
            status["podIP"] = f"{'10.42' if self.cluster == 'source' else '10.44'}.{third}.{last + 2}"
            status["startTime"] = stamp(now)
        node = self.get(world, "Node", "", pod["spec"]["nodeName"]) or {}
        status["hostIP"] = next((one["address"] for one in node.get("status", {}).get("addresses", ()) if one["type"] == "InternalIP"), "")
        status["phase"] = "Running"
        said = "True" if is_ready else "False"
        wanted = [{"type": name, "status": value} for name, value in (("Initialized", "True"), ("ContainersReady", said), ("Ready", said))]
        status["conditions"] = conditions(pod, *wanted, stamped=stamp(now))
        status["containerStatuses"] = [
            {
                "name": one["name"],
                "image": one["image"],
                "imageID": image_id(world, one["image"]),
                "ready": is_ready,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": stamp(now)}},
            }
            for one in pod["spec"]["containers"]
        ]
        self.replace(world, {**pod, "status": status})

    def _end(self, world: World, now: float, pod: Object) -> float | None:
        uid = pod["metadata"]["uid"]
        doing, until = self.stage.get(uid, ("", 0.0))
        if self._sick(world, pod) == "never-ends":
            return now + 1.0
        if doing != "end":
            until = now + slow_end.takes(world, self.cluster)
            self.stage[uid] = ("end", until)
        if now < until:
            return until
        self.stage.pop(uid, None)
        self.delete(world, pod, grace=0)
        return None


def _ended(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def image_id(world: World, image: str) -> str:
    """The digest that a node reports for an image: what the reference carries, else what the registry answers for its tag."""
    name, at, digest = image.partition("@")
    repository = name if ":" not in name.rpartition("/")[2] else name.rpartition(":")[0]
    return f"{repository}@{digest if at else town(world).images[image]}"
