"""A Pod that was told to end is Terminating for a while, and works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.traps import Trap

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

TRAP = Trap(
    "slow-end",
    source="lab.md 10a: Pod end 1-8 s; real/README.md §4.18: 1.5-1.8 s after the scale",
    says="A Terminating Pod goes on answering and writing until its process has ended; `replicas: 0` is not gone.",
)


def takes(world: World, cluster: str) -> float:
    return world.latency("pod-end", cluster) if TRAP.bites(world) else 0.01
