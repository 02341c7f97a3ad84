"""A Pod is ready, or gone, before its Service says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.traps import Trap

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

TRAP = Trap(
    "endpoints-lag",
    source="lab.md 10a: endpoints 0.1-1 s",
    says="EndpointSlices follow their Pods 0.1-1 s later, and the ingress follows the slices.",
)


def lag(world: World, cluster: str) -> float:
    return world.latency("endpoints", cluster) if TRAP.bites(world) else 0.0
