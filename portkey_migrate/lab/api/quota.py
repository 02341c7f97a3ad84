"""ResourceQuota at admission: a Pod more than `status.hard` allows is refused, dry-run too.

As in the real server the limit that counts is the quota's *status*: until the quota controller has taken over a change of `spec.hard`
(7–15 ms, measured) the old one holds, and a quota without a status holds nothing.
"""

from __future__ import annotations

from portkey_migrate.lab.api.message import forbidden
from portkey_migrate.lab.kinds import KINDS
from portkey_migrate.lab.store import Object, Store
from portkey_migrate.lab.truth import assumed, held

FACTS = (
    held("a quota of no Pods refuses each, a dry run too", "tests/contract/test_workloads.py::test_a_quota_of_no_pods_is_a_fence"),
    assumed("objects are counted, CPU and memory are not", "no quota of those is in the way of a move", "kinder"),
)

_ENDED = ("Succeeded", "Failed")
#: Kinds that a quota counts, by the names it counts them under.
COUNTED: dict[str, tuple[str, ...]] = {
    "Pod": ("count/pods", "pods"),
    "Service": ("count/services", "services"),
    "Secret": ("count/secrets", "secrets"),
    "ConfigMap": ("configmaps", "count/configmaps"),
    "PersistentVolumeClaim": ("count/persistentvolumeclaims", "persistentvolumeclaims"),
}
_SUFFIX = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024.0, "Mi": 1024.0**2, "Gi": 1024.0**3, "Ti": 1024.0**4, "m": 1e-3}


def quantity(text: str | float) -> float:
    """A quantity as a number: `5`, `10Gi`, `250m`."""
    text = str(text)
    bare = text.rstrip("kKMGTim")
    return float(bare) * _SUFFIX[text[len(bare) :]]


def used(store: Store, cluster: str, kind: str, namespace: str) -> int:
    """How many count: a Pod that is going still does, one that has ended does not."""
    there = store.list(cluster, kind, namespace)
    if kind == "Pod":
        there = [pod for pod in there if pod.get("status", {}).get("phase") not in _ENDED]
    return len(there)


def refuse_over_quota(store: Store, cluster: str, kind: str, obj: Object) -> None:
    """Raises the 403 that names the quota, what was asked, used and allowed."""
    names = COUNTED.get(kind)
    if names is None:
        return
    namespace = obj["metadata"].get("namespace", "")
    for quota in store.list(cluster, "ResourceQuota", namespace):
        hard = quota.get("status", {}).get("hard") or {}
        over = [name for name in names if name in hard and used(store, cluster, kind, namespace) + 1 > quantity(hard[name])]
        if over:
            count = used(store, cluster, kind, namespace)
            asked, have, most = (",".join(f"{name}={value}" for name, value in pairs) for pairs in (
                [(name, 1) for name in over], [(name, count) for name in over], [(name, hard[name]) for name in over]))  # fmt: skip
            why = f"exceeded quota: {quota['metadata']['name']}, requested: {asked}, used: {have}, limited: {most}"
            raise forbidden(KINDS[kind], obj["metadata"].get("name", ""), why)
