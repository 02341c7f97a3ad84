"""What an operation left in operationState becomes part of the next one."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.store import merged
from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "stale-operation",
    source="real/ A7 (n=5): measured with hooks and retries; here for every operation, which is harsher",
    says="Unless the same patch clears operationState, the last one's dryRun, resources and results are used again: Succeeded, nothing moved.",
)


def begun(left: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation that is really run: the controller writes its state by merge patch over what was left."""
    before = (left or {}).get("operation") or {}
    out = merged(before, operation)
    return out if isinstance(out, dict) else operation


def skips_sync(left: Any) -> bool:
    """With an old syncResult the Sync phase is skipped: Succeeded, `no more tasks`."""
    return bool((left or {}).get("syncResult"))
