"""A Pod that is gone has not let go of its volume yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.traps import Trap

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

TRAP = Trap(
    "slow-detach",
    source="lab.md 10a: unmap, then watcher gone, then VolumeAttachment gone, 1-6 s; real/README.md §4.18; domain B41",
    says="After the Pod's object is gone its node unmaps the image, then its watcher goes, then its VolumeAttachment: 1-6 s.",
)


def takes(world: World, cluster: str) -> float:
    return world.latency("detach", cluster) if TRAP.bites(world) else 0.02
