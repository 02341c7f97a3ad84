"""A Pod that is gone has not let go of its volume yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import assumed, documented

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

TRAP = Trap(
    "slow-detach",
    says="After the Pod's object is gone its node unmaps the image, then its watcher goes, then its VolumeAttachment: 1-6 s.",
    facts=(
        documented(
            "the Pod's mount goes, then the node's device, then the attachment",
            "https://github.com/container-storage-interface/spec/blob/master/spec.md",
        ),
        assumed("1-6 s for all of it", "a stand-in for the kubelet took 0.4-0.7 s; a real one reports its volumes every 10 s", "kinder"),
    ),
)


def takes(world: World, cluster: str) -> float:
    return world.latency("detach", cluster) if TRAP.bites(world) else 0.02
