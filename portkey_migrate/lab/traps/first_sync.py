"""A ReplicationSource syncs as soon as it exists, whatever its schedule says."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "first-sync",
    source="domain B07, §0.3; VolSync machine.go doInitialState",
    says="Initial goes to Synchronizing at once: a source created beside stale data backs it up over the good one.",
)
