"""POST pods/X/eviction: a DELETE that asks PodDisruptionBudgets first (real/ C, Eviction)."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.api.message import Refused
from portkey_migrate.lab.api.selectors import label_match
from portkey_migrate.lab.store import By, Object, Store, stamp
from portkey_migrate.lab.truth import held

FACTS = (
    held("a budget blocks an eviction: 429 with a cause", "tests/contract/test_workloads.py::test_a_budget_blocks_an_eviction"),
    held("two budgets over one Pod are a 500", "tests/real/regressions/two-budgets-have-no-reason.yaml"),
)

_BLOCKED = "Cannot evict pod as it would violate the pod's disruption budget."
_TWO = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."


def refuse_eviction(store: Store, cluster: str, pod: Object, *, dry: bool) -> None:
    """Raises 429 or 500 where a budget forbids; else takes one from the budget, as the real one does before it deletes."""
    metadata = pod["metadata"]
    if (pod.get("status") or {}).get("phase", "Pending") in ("Pending", "Succeeded", "Failed") or metadata.get("deletionTimestamp"):
        return
    budgets = [one for one in store.list(cluster, "PodDisruptionBudget", metadata["namespace"]) if label_match(one["spec"].get("selector"))(pod)]
    if not budgets:
        return
    if len(budgets) > 1:
        raise Refused(500, "", _TWO)
    (budget,) = budgets
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in (pod.get("status") or {}).get("conditions", ()))
    healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if not ready:
        always = budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
        if always or (healthy >= desired > 0):
            return
    if budget["metadata"].get("generation", 0) > status.get("observedGeneration", 0):  # after the unready ones, which need no number (measured)
        raise _blocked(f"The disruption budget {name} is still being processed by the server.", retry=10)
    if status.get("disruptionsAllowed", 0) <= 0:
        raise _blocked(f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently")
    if not dry:
        disrupted = {**(status.get("disruptedPods") or {}), metadata["name"]: stamp(store.clock.now)}
        left = status["disruptionsAllowed"] - 1
        told = _told(status, allowed=left > 0, now=stamp(store.clock.now))
        taken = {**status, "disruptionsAllowed": left, "disruptedPods": disrupted, "conditions": told}
        store.replace(cluster, "PodDisruptionBudget", {**budget, "status": taken}, By("eviction"))


def _told(status: Object, *, allowed: bool, now: str) -> list[Object]:
    """The budget's condition: whether one more may go."""
    others = [one for one in status.get("conditions") or () if one["type"] != "DisruptionAllowed"]
    mine = {"type": "DisruptionAllowed", "status": str(allowed), "reason": "SufficientPods" if allowed else "InsufficientPods", "message": ""}
    return [*others, {**mine, "observedGeneration": status.get("observedGeneration", 0), "lastTransitionTime": now}]


def mark_evicted(store: Store, cluster: str, pod: Object) -> None:
    """An evicted Pod says so itself: whoever finds it going sees by whom."""
    status = pod.get("status") or {}
    conditions = status.get("conditions") or []
    if any(one["type"] == "DisruptionTarget" and one["status"] == "True" for one in conditions):
        return
    why = {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
    told = [*conditions, {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": stamp(store.clock.now), **why}]
    store.replace(cluster, "Pod", {**pod, "status": {**status, "conditions": told}}, By("eviction"))


def _blocked(why: str, retry: int = 0) -> Refused:
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if retry:
        details["retryAfterSeconds"] = retry
    return Refused(429, "TooManyRequests", _BLOCKED, details, {"Retry-After": str(retry)} if retry else None)
