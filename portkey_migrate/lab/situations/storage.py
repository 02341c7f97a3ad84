"""Words about volumes that several situations use; no situation itself."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.ceph import ceph
from portkey_migrate.lab.controllers.volumes import image_of
from portkey_migrate.lab.world import World

#: A Proxmox host that has the kernel client: not of either cluster.
STRANGER, STRANGERS_ADDRESS = ("hypervisor", "shire"), "192.168.0.2"


def claims(world: World, cluster: str, app: str) -> list[dict[str, Any]]:
    """The app's own claims; what VolSync makes for a while is not."""
    return [one for one in world.store.list(cluster, "PersistentVolumeClaim", app) if not one["metadata"]["name"].startswith("volsync-")]


def volumes(world: World, cluster: str, app: str) -> list[dict[str, Any]]:
    found = (world.store.get(cluster, "PersistentVolume", "", one["spec"].get("volumeName", "")) for one in claims(world, cluster, app))
    return [one for one in found if one is not None]


def somebody_opens(world: World, app: str) -> None:
    """A host maps the app's image and does nothing with it: a watcher, and no writer."""
    for volume in volumes(world, "source", app):
        image = image_of(world, volume)
        if image is not None and STRANGER not in image.clients:
            ceph(world).open(world, STRANGER, STRANGERS_ADDRESS, image, writes=False)


def lease_stands_still(world: World, cluster: str) -> None:
    """Every node of a cluster works on and renews its Lease no more."""
    for node in world.store.list(cluster, "Node"):
        world.parts["leases"].stuck.setdefault((cluster, node["metadata"]["name"]), world.now)
