"""Argo CD puts back what a person changed by hand, and its back-off makes "it stayed so for a minute" prove nothing."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import measured, read

TRAP = Trap(
    "self-heal",
    says="An automated Application with selfHeal heals drift 0.3-0.4 s after it, then 2, 6, 18, 54, 162 s after the end of the sync before.",
    facts=(
        measured("0.3-0.4 s, then 2, 6, 18, 54, 162 s after the sync before", "Argo CD six heals in a row, and two 17.8 min later"),
        read(
            "2 s x 3 each time, 300 s at most, forgotten after 330 s",
            "argo-cd cmd/argocd-application-controller/commands/argocd_application_controller.go:274",
        ),
    ),
)

#: The flags' own: 2 s · 3^n, at most 300 s; forgotten 330 s after the last sync.
FIRST, FACTOR, MOST, COOL = 2.0, 3.0, 300.0, 330.0


def not_before(attempts: int, finished: float, now: float) -> tuple[float, int]:
    """When the next heal may start, and the number it will carry. `attempts`: of the last sync, 0 where it was no heal."""
    if attempts == 0 or now - finished > COOL:
        return now, 1
    return max(now, finished + min(FIRST * FACTOR ** (attempts - 1), MOST)), attempts + 1
