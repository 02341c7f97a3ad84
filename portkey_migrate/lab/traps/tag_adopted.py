"""A tag that is set while a sync runs is copied into status when that one ends: the backup that carries our name began before we asked."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import read

TRAP = Trap(
    "tag-adopted",
    says="lastManualSync is whatever spec.trigger.manual says when a sync ends, not when it began.",
    facts=(
        read(
            "the tag of spec is copied at the end of whatever sync runs",
            "volsync internal/controller/statemachine/machine.go:214 transitionToCleaningUp",
        ),
    ),
)
