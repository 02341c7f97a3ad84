"""Volumes: the same RBD image under a second name. Only names are made while `prepared`; nothing maps the image until a Pod starts.

A PersistentVolume that is Available before its claim comes binds in 0.07 s; the other way round it waits for the binder's resync, up to
30 s, and that would be outage (real/README.md §4.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portkey_migrate.errors import Blocked
from portkey_migrate.model import Answer, Change, Fields, Found, Ref, Seen, Volume, dig, escape, flat, not_yet, ok
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import MADE_BY_FIELD

_POLICY = "spec.persistentVolumeReclaimPolicy"
#: What the binder writes, and what names the old claim: never carried over.
_PROVISIONED = ("pv.kubernetes.io/provisioned-by", "volume.kubernetes.io/provisioner-deletion-secret-")
_NOT_CARRIED = ("claimRef", "persistentVolumeReclaimPolicy", "nodeAffinity")


def _volume(at: At, claim: str) -> tuple[Found, Volume]:
    found = at.found
    for one in found.volumes if found else ():
        if one.claim == claim and found is not None:
            return found, one
    raise Blocked(f"the source has no claim {claim} with an RBD image")


@dataclass(frozen=True)
class Retain(Step):
    """The source's PersistentVolume outlives its claim: whatever is deleted later, the image stays."""

    kind: ClassVar[str] = "retain"
    claim: str

    @property
    def name(self) -> str:
        return f"retain:source/{self.claim}"

    def ref(self, at: At) -> Ref:
        return Ref("source", "PersistentVolume", "", _volume(at, self.claim)[1].volume)

    def wants(self, seen: Seen, at: At) -> Fields:
        return {_POLICY: "Retain"}


@dataclass(frozen=True)
class MakeVolume(Step):
    """The dynamic PV verbatim on the target: a static one could be neither snapshotted nor resized (domain §0.6). Reserved for the claim by name."""

    kind: ClassVar[str] = "volume"
    verbs: ClassVar[tuple[str, ...]] = ("get", "create", "delete")
    claim: str

    @property
    def name(self) -> str:
        return f"volume:target/{self.claim}"

    def ref(self, at: At) -> Ref:
        return Ref("target", "PersistentVolume", "", _volume(at, self.claim)[1].volume)

    def wants(self, seen: Seen, at: At) -> Fields:
        found, volume = _volume(at, self.claim)
        theirs = at.get(Ref("source", "PersistentVolume", "", volume.volume)).object
        if theirs is None:
            raise Blocked(f"PersistentVolume {volume.volume} is not on the source", check="volume-is-retained")
        spec = {key: value for key, value in theirs["spec"].items() if key not in _NOT_CARRIED}
        return {
            **flat(spec, "spec"),
            **_dynamic(theirs),
            _POLICY: "Retain",
            "spec.claimRef.apiVersion": "v1",
            "spec.claimRef.kind": "PersistentVolumeClaim",
            "spec.claimRef.namespace": found.namespace,
            "spec.claimRef.name": self.claim,
            MADE_BY_FIELD: at.key,
        }

    def proof(self, change: Change, at: At) -> Answer:
        seen = at.get(change.ref)
        if change.after is None or change.stands(seen) != "after":
            return super().proof(change, at)
        phase = dig(seen.object, "status.phase")
        watch = Ref("target", "PersistentVolume", "", "")
        return (
            ok(f"{phase}", phase=phase)
            if phase in ("Available", "Bound")
            else not_yet(f"phase {phase}", watch=watch, waits_for="the binder to see the volume")
        )


@dataclass(frozen=True)
class MakeClaim(Step):
    """The claim exactly as the source's, plus the name of its volume: Argo CD's later apply finds nothing to change (domain B10)."""

    kind: ClassVar[str] = "claim"
    verbs: ClassVar[tuple[str, ...]] = ("get", "create", "delete")
    claim: str

    @property
    def name(self) -> str:
        return f"claim:target/{self.claim}"

    def ref(self, at: At) -> Ref:
        return Ref("target", "PersistentVolumeClaim", _volume(at, self.claim)[0].namespace, self.claim)

    def wants(self, seen: Seen, at: At) -> Fields:
        found, volume = _volume(at, self.claim)
        theirs = at.get(Ref("source", "PersistentVolumeClaim", found.namespace, self.claim)).object
        if theirs is None:
            raise Blocked(f"claim {found.namespace}/{self.claim} is not on the source", check="claim-is-bound")
        return {**flat(theirs["spec"], "spec"), "spec.volumeName": volume.volume, **_protected(theirs), MADE_BY_FIELD: at.key}

    def proof(self, change: Change, at: At) -> Answer:
        seen = at.get(change.ref)
        if change.after is None or change.stands(seen) != "after":
            return super().proof(change, at)
        watch = Ref("target", "PersistentVolumeClaim", change.ref.namespace, "")
        if dig(seen.object, "status.phase") != "Bound":
            return not_yet(f"phase {dig(seen.object, 'status.phase')}", watch=watch, waits_for="the binder to bind the claim")
        holder = at.get(Ref("target", "PersistentVolume", "", str(dig(seen.object, "spec.volumeName")))).object
        return (
            ok("bound to its own volume")
            if dig(holder, "spec.claimRef.uid") == seen.uid
            else not_yet("the volume is bound to another claim", watch=watch)
        )


def _dynamic(theirs: Mapping[str, Any]) -> Fields:
    """The annotations that make it a dynamic volume: who provisioned it, and with which Secret it would be deleted."""
    kept = theirs["metadata"].get("annotations", {}).items()
    return {f"metadata.annotations.{escape(key)}": value for key, value in kept if key.startswith(_PROVISIONED)}


def _protected(theirs: Mapping[str, Any]) -> Fields:
    """Sync options and the tracking of Argo CD as they stand, so that a prune or a cascade finds the same claim as on the source."""
    key = "argocd.argoproj.io/sync-options"
    value = theirs["metadata"].get("annotations", {}).get(key)
    return {"metadata.annotations.argocd\\.argoproj\\.io/sync-options": value} if value else {}
