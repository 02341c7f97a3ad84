"""A second operation, sent while one runs, is silently lost."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "lost-operation",
    source="real/ A7: the second only overwrites .operation, is never executed and vanishes when the first ends",
    says="When an operation ends, whatever stands in .operation is removed with it, the one sent meanwhile too.",
)
