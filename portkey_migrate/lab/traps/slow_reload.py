"""The ingress serves what it last loaded: a patched Ingress is not a moved route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import assumed, documented

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

TRAP = Trap(
    "slow-reload",
    says="Ingresses, Services, endpoints and certificates act 0.5-3.3 s after they changed, together, at the queue's next sync.",
    facts=(
        documented("0.3 syncs a second at most", "https://kubernetes.github.io/ingress-nginx/user-guide/cli-arguments/"),
        assumed("all that changed acts together, at the next sync", "real ones change endpoints without a reload, yet in the same sync", "harsher"),
    ),
)


#: 0.3 syncs a second: one every 3.33 s at most.
EVERY = 1 / 0.3


def later(world: World, cluster: str, last: float) -> float:
    """Seconds until a change seen now is loaded: after the sync before it there is a pause."""
    if not TRAP.bites(world):
        return 0.01
    drawn = world.latency("ingress-reload", cluster)
    return drawn if world.now - last < EVERY else min(drawn, 1.2)
