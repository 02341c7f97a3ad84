"""A ReplicationSource syncs as soon as it exists, whatever its schedule says."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import read

TRAP = Trap(
    "first-sync",
    says="Initial goes to Synchronizing at once: a source created beside stale data backs it up over the good one.",
    facts=(
        read(
            "never synced is Initial, and Initial begins a sync",
            "volsync internal/controller/statemachine/machine.go:96 doInitialState, :162 currentState",
        ),
    ),
)
