"""Words about claims and volumes that several controllers use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.ceph import Image, ceph
from portkey_migrate.lab.controllers import Object, pieces

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

DRIVER = "rook-ceph.rbd.csi.ceph.com"
PROVISIONED = "pv.kubernetes.io/provisioned-by"


def claims(pod: Object) -> list[str]:
    """The claims that a Pod mounts."""
    return [one["persistentVolumeClaim"]["claimName"] for one in pieces(pod, "spec", "volumes") if one.get("persistentVolumeClaim")]


def bound(claim: Object | None) -> bool:
    return claim is not None and claim.get("status", {}).get("phase") == "Bound"


def image_of(world: World, volume: Object | None) -> Image | None:
    """The RBD image behind a PersistentVolume."""
    attributes = ((volume or {}).get("spec", {}).get("csi") or {}).get("volumeAttributes") or {}
    return ceph(world).image(attributes.get("pool", ""), attributes.get("imageName", ""))


def volume_of(world: World, cluster: str, namespace: str, claim: str) -> Object | None:
    """The PersistentVolume that a claim names. What a Pod has mounted stays mounted, whatever becomes of the claim's phase."""
    found = world.store.get(cluster, "PersistentVolumeClaim", namespace, claim)
    return None if found is None else world.store.get(cluster, "PersistentVolume", "", found["spec"].get("volumeName", ""))


def mounted_image(world: World, cluster: str, pod: Object) -> Image | None:
    """The image of a Pod's first claim, where its node has it open for writing."""
    at = (cluster, pod["spec"].get("nodeName", ""))
    for claim in claims(pod):
        image = image_of(world, volume_of(world, cluster, pod["metadata"]["namespace"], claim))
        if image is not None:
            return image if ceph(world).writable(at, image) else None
    return None


def node_ip(world: World, cluster: str, node: str) -> str:
    found = world.store.get(cluster, "Node", "", node) or {}
    return next((one["address"] for one in pieces(found, "status", "addresses") if one["type"] == "InternalIP"), "")


def size_in_bytes(text: str) -> int:
    for unit, power in (("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40)):
        if text.endswith(unit):
            return int(float(text[: -len(unit)]) * (1 << power))
    return int(text)
