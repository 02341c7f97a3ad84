"""A Pod that was told to end is Terminating for a while, and works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import assumed, documented

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

TRAP = Trap(
    "slow-end",
    says="A Terminating Pod goes on answering and writing until its process has ended; `replicas: 0` is not gone.",
    facts=(
        documented(
            "a Terminating Pod runs until its processes have ended",
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
        ),
        assumed("1-8 s, serving to the end", "a stand-in took 1.5-1.8 s; a process that ignores TERM has its grace, 30 s as a rule", "kinder"),
    ),
)


def takes(world: World, cluster: str) -> float:
    return world.latency("pod-end", cluster) if TRAP.bites(world) else 0.01
