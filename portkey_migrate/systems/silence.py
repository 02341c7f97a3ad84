"""Whether the machine that wrote has been seen alive since: the order of events, never two clocks compared.

A Pod that is gone from the API proves nothing of a node that froze: thawed, it writes on (real/README.md §4.7). So the node's Lease is noted
when its last Pod is seen gone, and a renewal must be seen to come after that. Steps and checks both ask this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portkey_migrate.model import Answer, Ref, dig, not_yet, ok, unknown
from portkey_migrate.systems.at import AGAIN, At

LEASES = "kube-node-lease"
PATIENCE = 20.0  # seconds: two Leases; after that a silent node is shut out instead of waited for, where the plan says so
#: What is carried from one transition of a move to the next, within one command. After a crash one more renewal is waited for.
CARRIED = ("nodes:", "leases:")


def app_pods(at: At, side: str) -> list[Mapping[str, Any]]:
    """Every Pod of every member, Terminating ones too, and whatever else in the namespace holds one of its claims."""
    found = at.found
    if found is None:
        return []
    out = {pod["metadata"]["name"]: pod for member in found.members for pod in at.pods(Ref(side, member.kind, found.namespace, member.name))}
    claims = {one.claim for one in found.volumes}
    if claims:
        for pod in at.list(side, "Pod", found.namespace):
            if claims & claims_of(pod) and dig(pod, "status.phase") not in ("Succeeded", "Failed"):
                out.setdefault(pod["metadata"]["name"], pod)
    return list(out.values())


def claims_of(pod: Mapping[str, Any]) -> set[str]:
    return {str(claim) for one in pod["spec"].get("volumes") or [] if (claim := dig(one, "persistentVolumeClaim.claimName"))}


def nodes_of(pods: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({str(pod["spec"].get("nodeName") or "") for pod in pods} - {""})


def leases(at: At, side: str) -> dict[str, str]:
    return {one["metadata"]["name"]: str(dig(one, "spec.renewTime")) for one in at.list(side, "Lease", LEASES)}


def note(at: At, side: str, pods: Sequence[Mapping[str, Any]], attached: Sequence[str] = ()) -> None:
    """Remembers where the app was, and each node's Lease the moment the last Pod is seen gone; a Pod that is there again makes that void."""
    held = {*nodes_of(pods), *attached}
    if held:
        at.mind[f"nodes:{side}"] = sorted({*at.mind.get(f"nodes:{side}", ()), *held})
    if pods:
        at.mind.pop(f"leases:{side}", None)
    elif f"leases:{side}" not in at.mind:
        at.mind[f"leases:{side}"] = leases(at, side)


def answered(at: At, side: str) -> Answer:
    """Every node that had the app renewed its Lease after the last Pod was seen gone."""
    pods = app_pods(at, side)
    note(at, side, pods)
    if pods:
        watch = Ref(side, "Pod", at.found.namespace if at.found else "", "")
        return not_yet("Pods have not ended", watch=watch, waits_for="Pods to end", cluster=side)
    before, now = at.mind[f"leases:{side}"], leases(at, side)
    # After a crash nobody may remember where it ran: then every node of the side has to answer.
    nodes = at.mind.get(f"nodes:{side}") or ran_on(at, side) or sorted(now)
    if not nodes:
        return unknown(f"the {side} has no node that could answer", cluster=side)
    silent = [node for node in nodes if node not in now or now[node] == before.get(node)]
    seen = {"value": ", ".join(f"{node} {now.get(node, 'no Lease')}" for node in nodes), "threshold": "renewed since", "cluster": side}
    if not silent:
        return ok(f"{', '.join(nodes)} answered after the last Pod was gone", nodes=nodes, **seen)
    why = f"{', '.join(silent)} has not answered since the last Pod was gone"
    return not_yet(why, watch=Ref(side, "Lease", LEASES, ""), waits_for="the node's next Lease", silent_nodes=silent, **seen)


def ran_on(at: At, side: str) -> list[str]:
    """Where the app ran, as a check of this move recorded it while it still did."""
    known = at.checked.get("writer-is-known" if side == "source" else "one-watcher")
    return [str(node) for node in known.values.get("nodes", ())] if known is not None else []


def writers(at: At) -> dict[str, str]:
    """Image to the address that had it open on the source, recorded while the app ran: a frozen writer shows none later."""
    known = at.checked.get("writer-is-known")
    return dict(known.values.get("addresses") or {}) if known is not None else {}


def shut_out(at: At) -> bool:
    """Whether this move put every writer of the source on Ceph's blocklist, and each entry is still there."""
    images = [one.image for one in at.found.volumes] if at.found is not None else []
    entries = [at.begun.get(f"blocklist:ceph/{image}") for image in images]
    put = [entry.ref for entry in entries if entry is not None and entry.after]
    return bool(images) and len(put) == len(images) and all(at.get(ref).object is not None for ref in put)


def patient(at: At, answer: Answer) -> Answer:
    """The same answer; where the plan says `silent-node: blocklist`, a warning instead of a wait once the source's node has said nothing for 20 s.

    A node that renews its Lease is only slow: it is waited for, for what it has not flushed would be lost with its access.
    """
    if answer.verdict != "not-yet" or at.app is None or at.app.silent_node != "blocklist" or not at.found or not at.found.volumes:
        return answer
    if shut_out(at):
        return replace(answer, verdict="warn", why=f"{answer.why}; its writer is shut out of Ceph", values={**answer.values, "silent": True})
    now, clock = leases(at, "source"), at.clock.monotonic()
    nodes = at.mind.get("nodes:source") or ran_on(at, "source") or sorted(now)
    since, last = at.mind.get("patience:source", (clock, {}))
    if any(now.get(node) != last.get(node) for node in nodes):
        since = clock  # heard of, by our own clock: theirs is not asked
    at.mind["patience:source"] = since, now
    left = PATIENCE - (clock - since)
    if left > 0:
        return replace(answer, values={**answer.values, AGAIN: left})
    why = f"{answer.why}; {', '.join(nodes)} has said nothing for {PATIENCE:.0f} s, its writer is shut out of Ceph next"
    return replace(answer, verdict="warn", why=why, values={**answer.values, "silent": True})


def silent(at: At) -> bool:
    """Whether a look of this move had to do without the source's node: a proof or a check that only warned."""
    return any(answer.verdict == "warn" and answer.values.get("silent") for answer in at.checked.values())
