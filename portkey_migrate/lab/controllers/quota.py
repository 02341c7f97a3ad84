"""ResourceQuota: what it counts, and the refusal that every maker of Pods gets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, either, key_of
from portkey_migrate.lab.truth import assumed, held, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    held("status.hard and status.used", "tests/real/settled/a-quota-is-counted.yaml"),
    read("the words of the refusal", "apiserver pkg/admission/plugin/resourcequota/controller.go:622"),
    assumed("status follows the spec within 7-15 ms", "the servers that were timed sat on loopback", "either"),
)

_ENDED = ("Succeeded", "Failed")


def counted(world: World, cluster: str, namespace: str) -> int:
    """Pods that a quota counts: all that have not ended, Terminating ones too."""
    return sum(pod.get("status", {}).get("phase") not in _ENDED for pod in world.store.list(cluster, "Pod", namespace))


def refusal(world: World, cluster: str, namespace: str) -> str:
    """What admission says to one Pod more, in the real server's words; "" lets it in. It reads status.hard, which follows the spec in 7-15 ms."""
    for quota in world.store.list(cluster, "ResourceQuota", namespace):
        hard = quota.get("status", {}).get("hard", {}).get("pods")
        used = counted(world, cluster, namespace)
        if hard is not None and used + 1 > _number(hard):
            return f"exceeded quota: {quota['metadata']['name']}, requested: pods=1, used: pods={used}, limited: pods={hard}"
    return ""


def _number(limit: str) -> int:
    """A limit as the API keeps it: 1000000 is written 1M."""
    power = {"k": 3, "M": 6, "G": 9}.get(limit[-1:], 0)
    scale: int = 10**power
    return int(limit[:-1] if power else limit) * scale


class Quotas(Controller):
    """Writes status.hard and status.used, 7-15 ms after the spec."""

    name = "resourcequota-controller"
    kinds = frozenset({"ResourceQuota", "Pod"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        later = world.rng(f"{self.cluster}/quotas").uniform(0.007, 0.015)
        if kind == "ResourceQuota":
            yield key_of(obj), later
        elif old is None or new is None:
            for quota in self.list(world, "ResourceQuota", obj["metadata"]["namespace"]):
                yield key_of(quota), later

    def act(self, world: World, now: float, key: Key) -> float | None:
        del now
        quota = self.get(world, "ResourceQuota", *key)
        if quota is None:
            return None
        hard = quota["spec"].get("hard", {})
        status: Object = {"hard": dict(hard), "used": {"pods": str(counted(world, self.cluster, key[0]))} if "pods" in hard else {}}
        if status != quota.get("status"):
            self.replace(world, {**quota, "status": status})
        return None
