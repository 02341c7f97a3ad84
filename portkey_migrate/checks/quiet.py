"""Whether nothing writes any more, and whether exactly one writes: asked inside the outage, where a wrong yes is two writers.

Quiet is four things together (real/README.md §4.7): Pods gone, attachment gone, no watcher, and the node answered. A watcher alone
disappears after 30 s of a frozen client that, thawed, writes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portkey_migrate.checks import check
from portkey_migrate.checks.app import found_of
from portkey_migrate.errors import Unreachable
from portkey_migrate.model import Answer, Ref, block, dig, not_yet, ok
from portkey_migrate.systems.at import At, ready
from portkey_migrate.systems.silence import answered, app_pods, nodes_of, note, patient

_RENEWAL = 45.0  # seconds: a Lease comes every 10, and a Pod may take its grace of 30 to end


def _attached(at: At, side: str) -> list[str]:
    names = {one.volume for one in found_of(at).volumes}
    held = (one for one in at.list(side, "VolumeAttachment") if dig(one, "spec.source.persistentVolumeName") in names)
    return sorted(str(dig(one, "spec.nodeName")) for one in held)


def _quiet(at: At, side: str) -> Answer:
    """Nothing asks for Pods, none is left, and the volume is attached nowhere, on one side."""
    found, pods = found_of(at), app_pods(at, side)
    attached = _attached(at, side)
    note(at, side, pods, attached)
    seen: dict[str, Any] = {"value": len(pods), "threshold": 0, "cluster": side}
    for member in found.members:
        mine = (one for one in at.list(side, member.kind, found.namespace) if one["metadata"]["name"] == member.name)
        wanted = dig(next(mine, {}), "spec.replicas")
        if wanted:
            return block(f"{member.kind} {member.name} wants {wanted} Pods again: somebody started it", **seen)
    if pods:
        names = ", ".join(str(pod["metadata"]["name"]) for pod in pods)
        return not_yet(f"{names} has not ended", watch=Ref(side, "Pod", found.namespace, ""), waits_for="Pods to end", **seen)
    if attached:
        watch = Ref(side, "VolumeAttachment", "", "")
        return not_yet(f"the volume is still attached to {', '.join(attached)}", watch=watch, waits_for="the volume to be detached", **seen)
    return ok("no Pod is wanted or left, the volume is attached nowhere", **seen)


@check(situation="node-frozen-400", when="moving", asked_of=("source",), within=400.0, sources="domain §2.0 (Q-check); real/README.md §4.7")
def source_is_quiet(at: At) -> Answer:
    """No Pod of the app is wanted or left on the source, Terminating ones counted, and its volume is detached."""
    return patient(at, _quiet(at, "source"))


@check(situation="lease-stands-still", when="moving", asked_of=("source",), within=60.0, sources="real/README.md §4.7, §4.18")
def node_answered(at: At) -> Answer:
    """The node that wrote was seen alive after its last Pod was gone, so nothing frozen can write on."""
    return patient(at, answered(at, "source"))


@check(situation="target-pod-lingers", when="moving", asked_of=("target",), within=120.0, sources="domain §4.2")
def target_is_quiet(at: At) -> Answer:
    """No Pod of the app is wanted or left on the target, Terminating ones counted, and its volume is detached."""
    return _quiet(at, "target")


@check(situation="target-lease-stands-still", when="moving", asked_of=("target",), within=60.0, sources="real/README.md §4.7")
def target_node_answered(at: At) -> Answer:
    """The target's node was seen alive after its last Pod was gone."""
    return answered(at, "target")


@check(situation="node-frozen-back", when="moving", asked_of=("source",), within=_RENEWAL, sources="design §3 (back)")
def source_pods_have_ended(at: At) -> Answer:
    """No Pod of the source is Terminating, and the node of each that is gone has answered: a scale-up makes no second writer."""
    pods = app_pods(at, "source")
    ending = [str(pod["metadata"]["name"]) for pod in pods if "deletionTimestamp" in pod["metadata"]]
    note(at, "source", pods)
    if ending:
        watch = Ref("source", "Pod", found_of(at).namespace, "")
        return not_yet(f"{', '.join(ending)} has not ended", watch=watch, waits_for="Pods to end", value=len(ending), threshold=0, cluster="source")
    if pods:
        return ok(f"{len(pods)} Pods run on the source, none is ending", value=0, threshold=0, cluster="source")
    if not any(name.startswith("scale-to-0:source/") for name in at.begun):
        return ok("the source was not stopped by this move", value=0, threshold=0, cluster="source")
    return answered(at, "source")


def _watchers(at: At) -> dict[str, list[str]]:
    return {one.image: list(at.ask("ceph", "watchers", pool=one.pool, image=one.image)["addresses"]) for one in found_of(at).volumes}


@check(situation="stray-watcher", when="moving", asked_of=("ceph",), within=60.0, sources="domain 3.4 no. 48; real/ceph.md §3")
def image_has_no_watcher(at: At) -> Answer:
    """Nobody has the app's image open for writing."""
    watchers = _watchers(at)
    held = {image: who for image, who in watchers.items() if who}
    seen: dict[str, Any] = {"value": sum(map(len, held.values())), "threshold": 0, "cluster": "ceph"}
    if not held:
        return ok(f"{', '.join(watchers)}: no watcher", **seen)
    said = ", ".join(f"{image} by {', '.join(who)}" for image, who in held.items())
    return not_yet(f"open: {said}", waits_for="the image to be unmapped", **seen)


@check(situation="second-watcher", when="moving", asked_of=("source", "ceph"), within=10.0, sources="real/README.md §4.7; real/ceph.md §3")
def writer_is_known(at: At) -> Answer:
    """Who has the image open is one client of the source's node, recorded while the app runs: a frozen writer shows none later."""
    return _one_writer(at, "source")


@check(situation="stray-watcher-at-target", when="moving", asked_of=("target", "ceph"), within=60.0, sources="domain §2.3 c9; real/ceph.md §3")
def one_watcher(at: At) -> Answer:
    """The image is open once, on the node of the target's Pod."""
    return _one_writer(at, "target")


@check(situation="stray-watcher-at-source", when="moving", asked_of=("source", "ceph"), within=60.0, sources="domain §2.3; real/ceph.md §3")
def source_has_the_one_watcher(at: At) -> Answer:
    """The image is open once, on the node of the source's Pod."""
    return _one_writer(at, "source")


def _one_writer(at: At, side: str) -> Answer:
    pods = [pod for pod in app_pods(at, side) if ready(pod)]
    nodes = nodes_of(pods)
    addresses: dict[str, str] = {}
    for image, who in _watchers(at).items():
        seen: dict[str, Any] = {"value": len(who), "threshold": 1, "cluster": side}
        if len(who) != 1:
            return not_yet(f"{image} has {len(who)} watchers, wanted 1", waits_for="the image to be opened once", **seen)
        if not nodes:
            return not_yet(f"no ready Pod on the {side}", watch=Ref(side, "Pod", found_of(at).namespace, ""), waits_for="Pods to be ready", **seen)
        if who[0].partition(":")[0] not in {address for node in nodes for address in _addresses(at, side, node)}:
            where = ", ".join(nodes)
            return not_yet(f"{image} is open at {who[0]}, which is not {where}", waits_for="the image to be opened by its own node", **seen)
        addresses[image] = who[0]
    where = ", ".join(nodes)
    return ok(f"same RBD image, opened by {where} alone", value=1, threshold=1, cluster=side, nodes=nodes, addresses=addresses)


def _addresses(at: At, side: str, node: str) -> set[str]:
    for one in at.list(side, "Node"):
        if one["metadata"]["name"] == node:
            return {str(a["address"]) for a in dig(one, "status.addresses") or [] if a["type"] in ("InternalIP", "ExternalIP")}
    return set()


@check(situation="close-not-taken", when="moving", asked_of=("source",), within=60.0, sources="domain §2.0 T2; design §3 (back)")
def answers_503(at: At) -> Answer:
    """People get 503 through the source's address: nobody writes while the writer changes sides."""
    found = found_of(at)
    try:
        reply = at.fetch(found.source_address, found.host, found.path)
    except Unreachable as error:
        return not_yet(error.what, waits_for="the ingress to reload")
    seen: Mapping[str, Any] = {"value": reply.status, "threshold": 503, "address": found.source_address, "cluster": "source"}
    if reply.status == 503:  # noqa: PLR2004 (HTTP's own number)
        return ok(f"{found.host}{found.path} answers 503", **seen)
    said = reply.status or f"nothing ({reply.error})"
    return not_yet(f"{found.host}{found.path} answers {said}", waits_for="the source's ingress to load the closed route", **seen)
