"""What a kubelet does about volumes: waits for the attachment, maps with the driver's Secret, and unmaps after the Pod is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.ceph import ceph
from portkey_migrate.lab.controllers import Object
from portkey_migrate.lab.controllers.attachments import NAME as ATTACHMENTS
from portkey_migrate.lab.controllers.attachments import attachment_name
from portkey_migrate.lab.controllers.volumes import bound, claims, image_of, node_ip, volume_of
from portkey_migrate.lab.traps import blind_map, slow_detach
from portkey_migrate.lab.truth import assumed, documented

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    documented(
        "attached, then mapped with the Secret that the volume names",
        "https://kubernetes-csi.github.io/docs/secrets-and-credentials-storage-class.html",
    ),
    assumed("a mount that failed is tried again after 2 s", "the kubelet's back-off doubles up to 2 min", "kinder"),
)

_AGAIN = 2.0  # a mount that failed is tried again
_LONG = 60.0  # it is woken by the attachment; this is for what was missed


class Mounts:
    """The volumes of one cluster's kubelets."""

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster
        self.mapping: dict[tuple[str, str], float] = {}  # node, volume → when the image is mapped

    def claims_are_bound(self, world: World, pod: Object) -> bool:
        home = pod["metadata"]["namespace"]
        return all(bound(world.store.get(self.cluster, "PersistentVolumeClaim", home, claim)) for claim in claims(pod))

    def wait(self, world: World, now: float, pod: Object) -> float | None:
        """When to look again before the Pod may start; None: every volume is mounted."""
        node = pod["spec"]["nodeName"]
        for claim in claims(pod):
            volume = volume_of(world, self.cluster, pod["metadata"]["namespace"], claim)
            if volume is None:
                return now + _AGAIN
            when = self._mapped(world, now, node, volume)
            if when is not None:
                return when
        return None

    def _mapped(self, world: World, now: float, node: str, volume: Object) -> float | None:  # noqa: PLR0911 (the driver's questions in their order)
        at, name, image = (self.cluster, node), volume["metadata"]["name"], image_of(world, volume)
        if image is None:
            return now + _AGAIN  # MountVolume.MountDevice failed: image not found
        if at in image.clients:
            return None
        attachment = world.store.get(self.cluster, "VolumeAttachment", "", attachment_name(node, name))
        if attachment is None or not attachment["status"].get("attached"):
            return now + _LONG
        ref = volume["spec"]["csi"].get("nodeStageSecretRef") or {}
        if ref and world.store.get(self.cluster, "Secret", ref["namespace"], ref["name"]) is None:
            return now + _AGAIN  # MountVolume.MountDevice failed: fetching NodeStageSecretRef … not found (domain B36)
        if not blind_map.TRAP.bites(world) and ceph(world).watchers(world, image):
            return now + _AGAIN  # rbd image … is still being used
        due = self.mapping.setdefault((node, name), now + 0.5 * world.latency("attach", f"{self.cluster}/map"))
        if now < due:
            return due
        del self.mapping[node, name]
        ceph(world).open(world, at, node_ip(world, self.cluster, node), image)
        return None

    def leaves(self, world: World, pod: Object, after: float) -> list[tuple[tuple[str, str, str], float]]:
        """A Pod is gone: which volumes its node unmaps, and how many seconds later."""
        node, out = pod["spec"].get("nodeName", ""), []
        for claim in claims(pod) if node else ():
            volume = volume_of(world, self.cluster, pod["metadata"]["namespace"], claim)
            image = image_of(world, volume)
            if volume is not None and image is not None and (self.cluster, node) in image.clients:
                out.append((("unmap", node, volume["metadata"]["name"]), after + 0.6 * slow_detach.takes(world, self.cluster)))
        return out

    def unmap(self, world: World, node: str, name: str) -> None:
        """Unless another Pod of this node has it meanwhile; its watcher goes with it, its attachment after it."""
        volume = world.store.get(self.cluster, "PersistentVolume", "", name)
        image = image_of(world, volume)
        if image is None or any(self._uses(world, pod, node, name) for pod in world.store.list(self.cluster, "Pod")):
            return
        ceph(world).close(world, (self.cluster, node), image)
        later = slow_detach.takes(world, self.cluster)
        world.controllers[f"{self.cluster}/{ATTACHMENTS}"].unmapped(world, node, name, 0.4 * later)  # type: ignore[attr-defined] # the controller of that name

    def _uses(self, world: World, pod: Object, node: str, name: str) -> bool:
        if pod["spec"].get("nodeName") != node or pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return False
        stands = (volume_of(world, self.cluster, pod["metadata"]["namespace"], claim) for claim in claims(pod))
        return any(one is not None and one["metadata"]["name"] == name for one in stands)
