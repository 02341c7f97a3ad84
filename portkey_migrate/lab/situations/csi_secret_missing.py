"""The Secret by which the driver maps images is not on the target: the Pod would stay ContainerCreating (domain B36)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, _app: str) -> None:
    if world.store.get("target", "Secret", "rook-ceph", "rook-csi-rbd-node") is not None:
        world.store.delete("target", "Secret", "rook-ceph", "rook-csi-rbd-node", MAKER)


SITUATION = Situation("csi-secret-missing", "The target has no Secret rook-csi-rbd-node.", apply)
