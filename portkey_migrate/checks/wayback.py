"""Whether going back could be walked now. "Rollback possible" is this answer and nothing else."""

from __future__ import annotations

from portkey_migrate.checks import ANEW, check
from portkey_migrate.checks.app import found_of
from portkey_migrate.checks.nodes import stands
from portkey_migrate.model import Answer, Ref, block, dig, ok
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import FENCE, MADE_BY_FIELD


@check(
    guards=(*ANEW, "protected", "committed"), situation="way-back-blocked", when="between", asked_of=("source",),
    sources="domain 3.6 no. 117, §4.2; design §3 (a way back)",
)  # fmt: skip
def way_back_is_walkable(at: At) -> Answer:
    """The source could serve again now: a node takes Pods, its Application, workloads, Service and Ingress stand, and nobody else's fence does."""
    found, missing = found_of(at), []
    nodes = at.list("source", "Node")
    room = [one for one in nodes if stands(one) and not one["spec"].get("unschedulable")]
    if not room:
        missing.append(f"none of {len(nodes)} nodes of the source takes Pods")
    wanted = [Ref("source", "Application", "argocd", found.application), Ref("source", "Ingress", found.namespace, found.ingress)]
    wanted += [Ref("source", "Service", found.namespace, found.service)]
    wanted += [Ref("source", member.kind, found.namespace, member.name) for member in found.members]
    wanted += [Ref("source", "PersistentVolumeClaim", found.namespace, volume.claim) for volume in found.volumes]
    wanted += [Ref("source", "PersistentVolume", "", volume.volume) for volume in found.volumes]
    for ref in wanted:
        seen = at.get(ref)
        if seen.object is None or seen.going:
            missing.append(f"{ref} is {'being deleted' if seen.going else 'gone'}")
    for quota in at.list("source", "ResourceQuota", found.namespace):
        foreign = quota["metadata"]["name"] != FENCE or not dig(quota, MADE_BY_FIELD)
        if foreign and str(dig(quota, "spec.hard.pods")) == "0":
            missing.append(f"ResourceQuota {quota['metadata']['name']} lets no Pod start, and it is not ours")
    values = {"value": len(missing), "threshold": 0, "nodes": len(room), "cluster": "source"}
    if missing:
        return block("; ".join(missing), "kubectl uncordon NODE" if not room else "", **values)
    return ok(f"{len(room)} nodes take Pods, {len(wanted)} objects stand", **values)
