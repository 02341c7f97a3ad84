"""A tag that is set while a sync runs is copied into status when that one ends: the backup that carries our name began before we asked."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "tag-adopted",
    source="domain B03; VolSync machine.go transitionToCleaningUp",
    says="lastManualSync is whatever spec.trigger.manual says when a sync ends, not when it began.",
)
