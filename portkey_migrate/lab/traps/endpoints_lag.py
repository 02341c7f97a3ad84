"""A Pod is ready, or gone, before its Service says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import assumed

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

TRAP = Trap(
    "endpoints-lag",
    says="EndpointSlices follow their Pods 0.1-1 s later, and the ingress follows the slices.",
    facts=(assumed("slices follow their Pods after 0.1-1 s", "the real controller adds no delay by default; a busy one has a queue", "harsher"),),
)


def lag(world: World, cluster: str) -> float:
    return world.latency("endpoints", cluster) if TRAP.bites(world) else 0.0
