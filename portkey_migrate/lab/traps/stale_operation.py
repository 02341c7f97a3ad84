"""What an operation left in operationState becomes part of the next one."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.store import merged
from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import assumed, measured, read

TRAP = Trap(
    "stale-operation",
    says="Unless the same patch clears operationState, the last one's dryRun, resources and results are used again: Succeeded, nothing moved.",
    facts=(
        measured(
            "an old dryRun, resources or syncResult became the next one's",
            "Argo CD n=5, operations with hooks or retries; cleared in the same patch: right, n=4",
        ),
        read("operationState is written by merge patch over what was left", "argo-cd controller/appcontroller.go:1530 setOperationState"),
        assumed("every operation falls into it", "those of one step without hooks ran right when measured", "harsher"),
    ),
)


def begun(left: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation that is really run: the controller writes its state by merge patch over what was left."""
    before = (left or {}).get("operation") or {}
    out = merged(before, operation)
    return out if isinstance(out, dict) else operation


def skips_sync(left: Any) -> bool:
    """With an old syncResult the Sync phase is skipped: Succeeded, `no more tasks`."""
    return bool((left or {}).get("syncResult"))
