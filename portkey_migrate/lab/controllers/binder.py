"""The binder, the provisioner behind class ceph-block, and what becomes of a volume whose claim is gone (real/ C, PV/PVC; domain B08, B11, B40)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.ceph import POOL, ceph
from portkey_migrate.lab.controllers import Controller, Key, Object, alive, either, key_of
from portkey_migrate.lab.controllers.volumes import DRIVER, PROVISIONED, bound, image_of, size_in_bytes
from portkey_migrate.lab.traps import binder_resync
from portkey_migrate.lab.truth import assumed, documented, held, read

if TYPE_CHECKING:
    from portkey_migrate.lab.records import Records
    from portkey_migrate.lab.world import World

FACTS = (
    held("a claim binds to the volume that is reserved for it", "tests/real/settled/a-claim-binds-to-the-volume-reserved-for-it.yaml"),
    held("else to one that fits", "tests/real/settled/a-claim-finds-a-volume-by-itself.yaml"),
    held("a Released volume takes no new claim", "tests/real/settled/a-released-volume-takes-no-new-claim.yaml"),
    held("without the uid it is Available again", "tests/real/settled/a-volume-outlives-its-claim.yaml"),
    documented("policy Delete takes the image along", "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#delete"),
    read("a claim with a volumeName is filled by no populator", "volsync internal/controller/volumepopulator_controller.go:653 isPVCBoundToVolume"),
    assumed("a new volume comes 1-3 s after its claim", "nobody timed the provisioner", "either"),
)

_COMPLETED, _BY_CONTROLLER = "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"
#: A dynamic volume comes this much later than its claim.
_PROVISION = (1.0, 3.0)
_BUSY_AGAIN = 5.0


class Binder(Controller):
    """Binds claims and volumes; provisions and reclaims those of class ceph-block."""

    name = "persistentvolume-binder"
    kinds = frozenset({"PersistentVolume", "PersistentVolumeClaim", "ReplicationDestination", "VolumeSnapshot"})

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.coming: dict[Key, float] = {}  # a claim → when its volume is there

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "PersistentVolume":
            if new is None:
                self._object_gone(world, obj)
            else:
                yield ("volume", obj["metadata"]["name"]), binder_resync.until_available(world, self.cluster) if old is None else 0.03
        elif kind == "PersistentVolumeClaim":
            if new is None and obj["spec"].get("volumeName"):
                yield ("volume", obj["spec"]["volumeName"]), 0.03
            elif new is not None:
                yield ("claim", *key_of(obj)), world.rng(f"{self.cluster}/binder/claims").uniform(0.01, 0.07)
        else:
            for claim in self.list(world, "PersistentVolumeClaim", obj["metadata"]["namespace"]):
                if not bound(claim) and _wants_from(claim):
                    yield ("claim", *key_of(claim)), 0.05

    def act(self, world: World, now: float, key: Key) -> float | None:
        if key[0] == "volume":
            volume = self.get(world, "PersistentVolume", "", key[1])
            return None if volume is None else self._volume(world, now, volume)
        claim = self.get(world, "PersistentVolumeClaim", key[1], key[2])
        return None if claim is None or not alive(claim) or bound(claim) else self._claim(world, now, key, claim)

    # ---- a volume ----

    def _volume(self, world: World, now: float, volume: Object) -> float | None:
        phase, ref = volume.get("status", {}).get("phase", "Pending"), volume["spec"].get("claimRef") or {}
        if ref.get("uid"):
            holder = self.get(world, "PersistentVolumeClaim", ref["namespace"], ref["name"])
            if holder is not None and holder["metadata"]["uid"] == ref["uid"]:
                if phase != "Bound" and holder["spec"].get("volumeName") == volume["metadata"]["name"]:
                    self._bind(world, holder, volume)
                return None
            if phase != "Released":
                volume = self.patch(world, volume, {"status": {"phase": "Released"}})
            return self._reclaim(world, now, volume)
        if not alive(volume):
            return None
        if phase != "Available":
            self.patch(world, volume, {"status": {"phase": "Available"}})
            for claim in self._waiting(world, volume):
                self.want(("claim", *key_of(claim)), now + binder_resync.until_next_round(world, self.cluster))
        return None

    def _waiting(self, world: World, volume: Object) -> list[Object]:
        """Claims that were there before it: they hear of it at the next round."""
        ref, name = volume["spec"].get("claimRef") or {}, volume["metadata"]["name"]
        return [
            one
            for one in self.list(world, "PersistentVolumeClaim")
            if not bound(one) and (one["spec"].get("volumeName") == name or (ref and key_of(one) == (ref.get("namespace"), ref.get("name"))))
        ]

    def _reclaim(self, world: World, now: float, volume: Object) -> float | None:
        """Policy Delete of a class with a deleter: image and volume go, once nobody has it open (domain B40)."""
        if volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete" or not _dynamic(volume):
            return None
        name = volume["metadata"]["name"]
        if any(one["spec"]["source"].get("persistentVolumeName") == name for one in self.list(world, "VolumeAttachment")):
            return now + _BUSY_AGAIN
        image = image_of(world, volume)
        if image is not None and not ceph(world).remove(world, image):
            return now + _BUSY_AGAIN
        if alive(volume):
            self.delete(world, volume)
        return None

    def _object_gone(self, world: World, volume: Object) -> None:
        """The deleter's finalizer: a volume's object that is deleted under policy Delete takes its image along (domain B40)."""
        image = image_of(world, volume)
        if image is not None and _dynamic(volume) and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            ceph(world).remove(world, image)

    # ---- a claim ----

    def _claim(self, world: World, now: float, key: Key, claim: Object) -> float | None:
        wanted = claim["spec"].get("volumeName")
        if wanted:
            volume = self.get(world, "PersistentVolume", "", wanted)
            if volume is not None and _fits(volume, claim):
                self._bind(world, claim, volume)
            return None
        # The one reserved for it, else the smallest that nobody has reserved, if its class has one lying about (measured).
        fit = [one for one in self.list(world, "PersistentVolume") if _fits(one, claim)]
        fit.sort(key=lambda one: (not _reserved(one, claim), size_in_bytes(one["spec"]["capacity"]["storage"]), one["metadata"]["name"]))
        if fit:
            self._bind(world, claim, fit[0])
            return None
        return self._provision(world, now, key, claim)

    def _provision(self, world: World, now: float, key: Key, claim: Object) -> float | None:
        kind = self.get(world, "StorageClass", "", claim["spec"].get("storageClassName") or "")
        if kind is None or kind.get("provisioner") != DRIVER:
            return None
        content = self._filled_from(world, claim)
        if content is None:
            return None  # its populator has no image yet: looked at again when the source changes
        due = self.coming.setdefault(key, now + world.rng(f"{self.cluster}/provisioner").uniform(*_PROVISION))
        if now < due:
            return due
        del self.coming[key]
        namespace, name = key[1], key[2]
        uid = claim["metadata"]["uid"]
        volume = dynamic_volume(world, f"pvc-{uid}", uid, claim, kind)
        item = "" if name.startswith("volsync-") else f"{namespace}/{name}"
        ceph(world).make(world, POOL, volume["spec"]["csi"]["volumeAttributes"]["imageName"], size_in_bytes(_asked(claim)), item, content)
        made = self.create(world, "PersistentVolume", volume)
        if made is not None:
            self._bind(world, claim, made)
        return None

    def _filled_from(self, world: World, claim: Object) -> Records | None:
        """What the new image holds: nothing, a snapshot's content, or a restore's; None while there is nothing to fill it from."""
        source = _wants_from(claim)
        if not source:
            return ()
        snapshot, namespace = source["name"], claim["metadata"]["namespace"]
        if source["kind"] == "ReplicationDestination":
            found = self.get(world, "ReplicationDestination", namespace, snapshot)
            snapshot = ((found or {}).get("status", {}).get("latestImage") or {}).get("name", "")
        there = self.get(world, "VolumeSnapshot", namespace, snapshot) if snapshot else None
        if there is None or not there.get("status", {}).get("readyToUse"):
            return None
        return snapshot_content(world, there)

    def _bind(self, world: World, claim: Object, volume: Object) -> None:
        metadata = claim["metadata"]
        ref = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **{key: metadata[key] for key in ("namespace", "name", "uid")}}
        own = not volume["spec"].get("claimRef")
        annotations = {_BY_CONTROLLER: "yes"} if own else {}
        self.patch(world, volume, {"metadata": {"annotations": annotations}, "spec": {"claimRef": ref}, "status": {"phase": "Bound"}})
        noted = {_COMPLETED: "yes", **({} if claim["spec"].get("volumeName") else {_BY_CONTROLLER: "yes"})}
        status = {"phase": "Bound", "accessModes": volume["spec"].get("accessModes"), "capacity": volume["spec"].get("capacity")}
        self.patch(world, claim, {"metadata": {"annotations": noted}, "spec": {"volumeName": volume["metadata"]["name"]}, "status": status})


def snapshot_content(world: World, snapshot: Object) -> Records:
    """What a VolumeSnapshot holds: the RBD snapshot under its handle, or a restored image's."""
    kept = world.parts["volsync"].kept
    return kept.get(snapshot["status"].get("boundVolumeSnapshotContentName", ""), ())  # type: ignore[no-any-return] # a part is Any


def dynamic_volume(world: World, name: str, seed: str, claim: Object, kind: Object) -> Object:
    """A volume as ceph-csi's provisioner writes it."""
    digest = hashlib.sha256(f"{world.seed}:{seed}".encode()).hexdigest()
    image = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    attributes = {
        "clusterID": "rook-ceph",
        "imageFeatures": "layering",
        "imageFormat": "2",
        "imageName": f"csi-vol-{image}",
        "journalPool": POOL,
        "pool": POOL,
        "storage.kubernetes.io/csiProvisionerIdentity": f"1-{DRIVER}",
    }
    csi = {
        "driver": DRIVER,
        "fsType": "ext4",
        "volumeHandle": f"0001-0009-rook-ceph-0000000000000002-{image}",
        "volumeAttributes": attributes,
        "nodeStageSecretRef": {"name": "rook-csi-rbd-node", "namespace": "rook-ceph"},
        "controllerExpandSecretRef": {"name": "rook-csi-rbd-provisioner", "namespace": "rook-ceph"},
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {PROVISIONED: DRIVER},
            "finalizers": ["kubernetes.io/pv-protection"],
        },
        "spec": {
            "accessModes": list(claim["spec"]["accessModes"]),
            "capacity": {"storage": _asked(claim)},
            "csi": csi,
            "persistentVolumeReclaimPolicy": kind.get("reclaimPolicy", "Delete"),
            "storageClassName": kind["metadata"]["name"],
            "volumeMode": "Filesystem",
        },
        "status": {"phase": "Pending"},
    }


def _asked(claim: Object) -> str:
    return str(claim["spec"]["resources"]["requests"]["storage"])


def _wants_from(claim: Object) -> Object:
    """A data source counts only where no volume is named: with spec.volumeName VolSync takes the claim for bound (domain B11)."""
    if claim["spec"].get("volumeName"):
        return {}
    return claim["spec"].get("dataSourceRef") or claim["spec"].get("dataSource") or {}


def _dynamic(volume: Object) -> bool:
    return bool(volume["metadata"].get("annotations", {}).get(PROVISIONED) == DRIVER)


def _reserved(volume: Object, claim: Object) -> bool:
    ref = volume["spec"].get("claimRef") or {}
    return (ref.get("namespace"), ref.get("name")) == key_of(claim)


def _fits(volume: Object, claim: Object) -> bool:
    """Available, of its class, large enough, and reserved for nobody else."""
    spec, ref = volume["spec"], volume["spec"].get("claimRef") or {}
    if volume.get("status", {}).get("phase") != "Available" or not alive(volume):
        return False
    if ref and (ref.get("namespace"), ref.get("name")) != key_of(claim):
        return False
    same = spec.get("storageClassName", "") == (claim["spec"].get("storageClassName") or "")
    return same and size_in_bytes(spec["capacity"]["storage"]) >= size_in_bytes(_asked(claim))
