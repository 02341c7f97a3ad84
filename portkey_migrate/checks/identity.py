"""Who the clusters are."""

from __future__ import annotations

from portkey_migrate.checks import ANEW, check
from portkey_migrate.model import Answer, block, ok, unknown
from portkey_migrate.systems.at import At


@check(guards=("prepared", *ANEW), situation="same-cluster-twice", sources="domain 3.1 no. 1 and 2, B53, B62; design §4.9")
def clusters_are_different(at: At) -> Answer:
    """Source and target are two clusters: neither the uid of kube-system nor the CA is the same, and the target is not the K3s one."""
    if not all(at.identity.get(side) for side in ("source", "target")):
        return unknown("one of the clusters has not said who it is")
    (source, source_ca), (target, target_ca) = at.identity["source"], at.identity["target"]
    versions = {side: str(at.ask(side, "version").get("gitVersion", "")) for side in ("source", "target")}
    seen = {
        "value": f"{source} and {target}",
        "threshold": "two uids, two CAs",
        "source": source,
        "target": target,
        "source-version": versions["source"],
        "target-version": versions["target"],
        "cluster": "both",
    }
    if source == target:
        return block(f"both contexts reach the cluster {source}", "name another context: migrate preflight --target-context NAME", **seen)
    if source_ca and source_ca == target_ca:
        # One virtual address that both clusters announce answers now as the one, now as the other.
        return block("both contexts trust the same CA", "each kubeconfig names a node, or an address that one cluster alone has", **seen)
    if "+k3s" in versions["target"] and "+k3s" not in versions["source"]:
        return block("the target is the K3s cluster: the contexts are swapped", "swap --source-context and --target-context", **seen)
    return ok(f"kube-system {source[:8]} and {target[:8]}, {versions['source']} and {versions['target']}", **seen)
