"""Without a rendered retain there is one snapshot, whatever the page says."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "keep-last-one",
    source="domain B05, §0.2; VolSync mover.go generateForgetOptions",
    says="retain nil is `--keep-last 1`: each backup removes the one before, a corrupt one too.",
)
