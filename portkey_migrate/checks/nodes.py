"""The machines on which Pods will stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portkey_migrate.checks import check
from portkey_migrate.model import Answer, block, dig, ok
from portkey_migrate.systems.at import At


def stands(node: Mapping[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in dig(node, "status.conditions") or [])


@check(
    guards=("prepared", "quiesced", "stateless:started"), situation="target-node-not-ready", asked_of=("target",),
    sources="domain 3.5 no. 89; §2.1 a4",
)  # fmt: skip
def target_nodes_are_ready(at: At) -> Answer:
    """Every node of the target is Ready, and one at least takes Pods."""
    nodes = at.list("target", "Node")
    down = sorted(one["metadata"]["name"] for one in nodes if not stands(one))
    room = [one for one in nodes if stands(one) and not one["spec"].get("unschedulable")]
    seen = {"value": len(nodes) - len(down), "threshold": len(nodes), "cluster": "target"}
    if down:
        return block(f"not Ready: {', '.join(down)}", f"kubectl describe node {down[0]}", **seen)
    if not room:
        return block("no node of the target takes Pods" if nodes else "the target has no node", "kubectl uncordon NODE", **seen)
    return ok(f"{len(nodes)} of {len(nodes)} Ready: {', '.join(sorted(one['metadata']['name'] for one in nodes))}", **seen)
