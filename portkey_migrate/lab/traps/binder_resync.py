"""A claim that comes before its volume is Available waits for the binder's next round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import measured, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

TRAP = Trap(
    "binder-resync",
    says="A volume is Available 0.3-16 s after its POST; a claim that waited for it binds up to 30 s later, one that comes after it in 0.07 s.",
    facts=(
        measured(
            "a claim that waited binds 0.6-30 s later, one that came after in 0.07 s", "Kubernetes 9 waits of 0.6-29.7 s, 6 bindings within 0.07 s"
        ),
        read("the binder looks again every 15 s", "kubernetes pkg/controller/volume/persistentvolume/config/v1alpha1/defaults.go:39"),
    ),
)


def until_available(world: World, cluster: str) -> float:
    return world.latency("volume-available", cluster) if TRAP.bites(world) else 0.05


def until_next_round(world: World, cluster: str) -> float:
    """Measured: 0.6, 4.9, 9.9, 13.0, 15.0, 18.2, 29.7 s."""
    return world.rng(f"{cluster}/binder").uniform(0.6, 30.0) if TRAP.bites(world) else 0.05
