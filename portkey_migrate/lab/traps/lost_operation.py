"""A second operation, sent while one runs, is silently lost."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import measured, read

TRAP = Trap(
    "lost-operation",
    says="When an operation ends, whatever stands in .operation is removed with it, the one sent meanwhile too.",
    facts=(
        measured("the second only overwrites .operation and is never run", "Argo CD two in quick succession: one line of history"),
        read("the end of one clears .operation, whatever stands there", "argo-cd controller/appcontroller.go:1535 setOperationState"),
    ),
)
