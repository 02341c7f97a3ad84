"""The app's volumes: the same image must be reachable from both sides, outlive every claim, and be nobody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portkey_migrate.checks import check
from portkey_migrate.checks.app import found_of
from portkey_migrate.errors import Unreachable
from portkey_migrate.model import Answer, Ref, Volume, block, dig, ok
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import MADE_BY_FIELD
from portkey_migrate.systems.silence import claims_of

HANDOVER = ("handover",)
_POLICY = "spec.persistentVolumeReclaimPolicy"
_MONITORS = ("rook-ceph", "rook-ceph-mon-endpoints")


def _pv(at: At, side: str, volume: Volume) -> Mapping[str, Any] | None:
    return at.get(Ref(side, "PersistentVolume", "", volume.volume)).object


@check(guards=("quiesced",), methods=HANDOVER, situation="reclaim-delete", when="between", sources="domain 3.4 no. 45, B40")
def volume_is_retained(at: At) -> Answer:
    """Whatever deletes a claim later, on either side, the image stays: each PersistentVolume says Retain."""
    loose = []
    for volume in found_of(at).volumes:
        for side in ("source", "target"):
            policy = dig(_pv(at, side, volume) or {}, _POLICY)
            if policy != "Retain":
                loose.append((side, volume.volume, policy))
    seen = {"value": ", ".join(f"{side} {policy or 'not there'}" for side, _, policy in loose) or "Retain", "threshold": "Retain", "cluster": "both"}
    if loose:
        side, name, policy = loose[0]
        patch = f'kubectl --context {side.upper()} patch pv {name} -p \'{{"spec":{{"persistentVolumeReclaimPolicy":"Retain"}}}}\''
        return block(f"PersistentVolume {name} at the {side} says {policy or 'nothing: it is not there'}", patch, **seen)
    return ok("Retain on both sides", **seen)


@check(guards=("prepared", "quiesced"), methods=HANDOVER, situation="claim-not-bound", asked_of=("source",), sources="domain 3.4 no. 56")
def claim_is_bound(at: At) -> Answer:
    """Each claim of the app is bound on the source to the volume that it names, and that one to it."""
    found, wrong = found_of(at), []
    if not found.volumes:
        fix = "method: stateless, or the one that carries its data (phases/apps.yaml)"
        return block("it has no volume on Ceph", fix, value=0, threshold=1, cluster="source")
    for volume in found.volumes:
        claim = at.get(Ref("source", "PersistentVolumeClaim", found.namespace, volume.claim))
        holder = dig(_pv(at, "source", volume) or {}, "spec.claimRef.uid")
        phase = dig(claim.object or {}, "status.phase")
        if phase != "Bound" or dig(claim.object or {}, "spec.volumeName") != volume.volume or holder != claim.uid:
            wrong.append(f"{volume.claim}: {phase or 'not there'}, volume {volume.volume} held by {holder or 'nobody'}")
    seen = {"value": len(found.volumes) - len(wrong), "threshold": len(found.volumes), "cluster": "source"}
    if wrong:
        return block("; ".join(wrong), f"kubectl describe pvc -n {found.namespace}", **seen)
    return ok(", ".join(f"{one.claim} is bound to {one.pool}/{one.image}, {one.size}" for one in found.volumes), **seen)


@check(guards=("prepared", "quiesced"), methods=HANDOVER, situation="claim-name-taken", asked_of=("target",), sources="domain §2.3 c1, B10, B41")
def claim_name_is_free(at: At) -> Answer:
    """On the target the names of claim and volume are free, or they are ours and belong together."""
    found, taken, ours = found_of(at), [], 0
    for volume in found.volumes:
        claim = at.get(Ref("target", "PersistentVolumeClaim", found.namespace, volume.claim)).object
        there = _pv(at, "target", volume)
        if claim is not None and dig(claim, "spec.volumeName") != volume.volume:
            taken.append(f"claim {found.namespace}/{volume.claim} stands on the target, bound to {dig(claim, 'spec.volumeName') or 'nothing'}")
        elif claim is not None and not dig(claim, MADE_BY_FIELD):
            taken.append(f"claim {found.namespace}/{volume.claim} stands on the target and is not ours")
        if there is not None and not dig(there, MADE_BY_FIELD):
            taken.append(f"PersistentVolume {volume.volume} stands on the target and is not ours")
        ours += there is not None
    seen = {"value": len(taken), "threshold": 0, "cluster": "target"}
    if taken:
        # A bound claim is never filled again and its spec cannot be changed (domain B08, B10): it has to go; a person knows what is in it.
        return block("; ".join(taken), "look what is in it, then delete the claim on the target", **seen)
    return ok("they stand there, made by this move" if ours else "claim and volume are not on the target yet", **seen)


@check(
    guards=("prepared", "quiesced"),
    methods=HANDOVER,
    situation="other-ceph",
    asked_of=("source", "target", "ceph"),
    sources="domain 3.4 no. 49, 57; §2.3 c1",
)
def same_ceph(at: At) -> Answer:
    """Both sides mean the same Ceph: class, cluster id, pool and monitors are equal, and the image is there."""
    found, odd, said = found_of(at), [], []
    for volume in found.volumes:
        classes = [at.get(Ref(side, "StorageClass", "", volume.storage_class)).object for side in ("source", "target")]
        if classes[1] is None:
            odd.append(f"StorageClass {volume.storage_class} is not on the target")
            continue
        mine = dig(_pv(at, "source", volume) or {}, "spec.csi") or {}
        wants = {"provisioner": mine.get("driver"), "clusterID": dig(mine, "volumeAttributes.clusterID"), "pool": volume.pool}
        has = {"provisioner": classes[1].get("provisioner"), **{key: dig(classes[1], f"parameters.{key}") for key in ("clusterID", "pool")}}
        name = volume.storage_class
        odd += [f"{key} of StorageClass {name} at the target is {has[key]}, the volume has {wants[key]}" for key in wants if has[key] != wants[key]]
        try:
            image = at.ask("ceph", "image", pool=volume.pool, image=volume.image)
        except Unreachable as error:
            odd.append(error.what)
            continue
        said.append(f"{volume.pool}/{volume.image} (id {image['id']})")
    monitors = [_monitors(at, side) for side in ("source", "target")]
    if all(monitors) and not monitors[0] & monitors[1]:
        odd.append(f"the monitors differ: {', '.join(sorted(monitors[0]))} at the source, {', '.join(sorted(monitors[1]))} at the target")
    seen = {"value": len(odd), "threshold": 0, "monitors": sorted(monitors[0] & monitors[1]), "cluster": "both"}
    if odd:
        return block("; ".join(odd), "the same image has to be reachable from both sides; give the app another method where it is not", **seen)
    return ok(f"{', '.join(said)} by the same class, cluster id and pool", **seen)


def _monitors(at: At, side: str) -> set[str]:
    """Addresses of the monitors that Rook uses there; none where it does not say."""
    namespace, name = _MONITORS
    data = str(dig(at.get(Ref(side, "ConfigMap", namespace, name)).object or {}, "data.data") or "")
    return {entry.partition("=")[2] for entry in data.split(",") if "=" in entry}


@check(guards=("prepared", "quiesced"), methods=HANDOVER, situation="csi-secret-missing", asked_of=("target",), sources="domain 3.4 no. 50, B36")
def csi_secrets_are_there(at: At) -> Answer:
    """The Secrets that the driver needs to map the image are on the target, under the names that the volume says."""
    names = sorted({name for volume in found_of(at).volumes for name in volume.csi_secrets})
    missing = []
    for name in names:
        namespace, _, secret = name.partition("/")
        if at.get(Ref("target", "Secret", namespace, secret)).object is None:
            missing.append(name)
    seen = {"value": len(names) - len(missing), "threshold": len(names), "cluster": "target"}
    if missing:
        return block(f"not on the target: {', '.join(missing)}", "Rook's import-external-cluster.sh makes them", **seen)
    return ok(f"{len(names)} of {len(names)} Secrets are there", **seen)


@check(guards=("prepared", "quiesced"), methods=HANDOVER, situation="volume-shared", sources="domain 3.4 no. 46; §2.0 (Q-check)")
def nothing_else_mounts_the_volume(at: At) -> Answer:
    """No Pod but the members' own holds one of its claims, and no other volume of either side stands for the same image."""
    found = found_of(at)
    others = [*_strangers(at), *_doubles(at)]
    seen = {"value": len(others), "threshold": 0, "cluster": "both"}
    if others:
        return block("; ".join(others), f"kubectl get pods -n {found.namespace} -o wide", **seen)
    return ok("the members alone", **seen)


def _strangers(at: At) -> Iterator[str]:
    found = found_of(at)
    claims = {one.claim for one in found.volumes}
    for side in ("source", "target"):
        own = {pod["metadata"]["name"] for member in found.members for pod in at.pods(Ref(side, member.kind, found.namespace, member.name))}
        for pod in at.list(side, "Pod", found.namespace):
            name = pod["metadata"]["name"]
            if name not in own and claims & claims_of(pod) and dig(pod, "status.phase") not in ("Succeeded", "Failed"):
                yield f"Pod {name} at the {side} mounts {', '.join(sorted(claims & claims_of(pod)))}"


def _doubles(at: At) -> Iterator[str]:
    images = {(one.pool, one.image): one.volume for one in found_of(at).volumes}
    for side in ("source", "target"):
        for volume in at.list(side, "PersistentVolume"):
            about = dig(volume, "spec.csi.volumeAttributes") or {}
            stands_for = images.get((str(about.get("pool")), str(about.get("imageName"))))
            if stands_for is not None and volume["metadata"]["name"] != stands_for:
                yield f"PersistentVolume {volume['metadata']['name']} at the {side} stands for the same image"
