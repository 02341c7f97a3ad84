"""Without a rendered retain there is one snapshot, whatever the page says."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import read

TRAP = Trap(
    "keep-last-one",
    says="retain nil is `--keep-last 1`: each backup removes the one before, a corrupt one too.",
    facts=(read("no retain, or an empty one, is --keep-last 1", "volsync internal/controller/mover/restic/mover.go:673 generateForgetOptions"),),
)
