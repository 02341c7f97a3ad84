"""PodDisruptionBudget: how many may go. A DELETE or a scale asks it nothing; an eviction does (real/ C, Eviction)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, either, key_of, matches, owner, ready
from portkey_migrate.lab.truth import held, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    held("how many may go", "tests/real/settled/a-budget-is-counted.yaml"),
    read("a share is of what the Pods' owners want", "kubernetes pkg/controller/disruption/disruption.go:818 getExpectedPodCount"),
)


class DisruptionBudgets(Controller):
    name = "disruption-controller"
    kinds = frozenset({"PodDisruptionBudget", "Pod"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "PodDisruptionBudget":
            if new is not None:
                yield key_of(obj), 0.02
            return
        for budget in self.list(world, "PodDisruptionBudget", obj["metadata"]["namespace"]):
            yield key_of(budget), 0.02

    def act(self, world: World, now: float, key: Key) -> float | None:
        del now
        budget = self.get(world, "PodDisruptionBudget", *key)
        if budget is None or not alive(budget):
            return None
        selector = (budget["spec"].get("selector") or {}).get("matchLabels")
        pods = [one for one in self.list(world, "Pod", key[0]) if matches(one["metadata"].get("labels", {}), selector)]
        live = [one for one in pods if alive(one)]
        healthy = sum(ready(one) for one in live)
        # A number of Pods is a number of those that there are; a share, or how many may miss, is of what their controllers want (measured).
        expected = len(pods) if isinstance(budget["spec"].get("minAvailable"), int) else self._expected(world, key[0], live)
        desired = _desired(budget["spec"], expected)
        status = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": max(healthy - desired, 0) if expected else 0,
            "expectedPods": expected,
            "observedGeneration": budget["metadata"].get("generation", 1),
        }
        if status != {field: budget.get("status", {}).get(field) for field in status} or budget["status"].get("disruptedPods"):
            self.replace(world, {**budget, "status": status})
        return None

    def _expected(self, world: World, namespace: str, live: list[Object]) -> int:
        """What the Pods' own controllers want, not what is there."""
        sets = {("ReplicaSet", owner(one, "ReplicaSet")) for one in live} | {("StatefulSet", owner(one, "StatefulSet")) for one in live}
        found = (self.get(world, kind, namespace, name) for kind, name in sorted((kind, name) for kind, name in sets if name))
        return sum(int(one["spec"].get("replicas", 1)) for one in found if one is not None)


def _desired(spec: Object, expected: int) -> int:
    if "minAvailable" in spec:
        return _number(spec["minAvailable"], expected)
    return max(expected - _number(spec.get("maxUnavailable", 0), expected), 0)


def _number(said: object, expected: int) -> int:
    text = str(said)
    return -(-expected * int(text[:-1]) // 100) if text.endswith("%") else int(text)
