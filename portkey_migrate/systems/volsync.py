"""What VolSync's status says, and what it does not: read here once, for steps and checks alike.

`result: Successful` is said of an empty directory too (domain B02a), and the logs are the last 1024 bytes of filtered lines: empty ones say
nothing. Only a positive line counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from portkey_migrate.model import Answer, block, dig, ok, unknown

_SAVED = re.compile(r"^snapshot ([0-9a-f]{8,}) saved$", re.MULTILINE)
_NOTHING = re.compile(r"Directory is empty|^No eligible|No data will be restored|^Fatal|^ERROR", re.MULTILINE)
_NEW = re.compile(r"^created restic repository", re.MULTILINE)  # of an app that had backups: the path is another one than before
_BUSY = frozenset({"SyncInProgress", "CleaningUp", "Error"})


def seconds(duration: str) -> float:
    """Go's duration text (`1m2.5s`) in seconds."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)(h|ms|m|us|µs|ns|s)", duration))


def saved(status: object, *, new: bool = False) -> Answer:
    """Whether the newest mover's log says that something was kept; empty logs say nothing (domain B02a). `new`: a repository made now is fine."""
    result, logs = dig(status, "latestMoverStatus.result"), dig(status, "latestMoverStatus.logs") or ""
    if result != "Successful":
        return block(f"the mover ended {result}", result=result)
    if nothing := _NOTHING.search(logs) or (None if new else _NEW.search(logs)):
        return block(f"the mover said {nothing.group(0)!r} and Successful", result=result)
    found = _SAVED.search(logs)
    return (
        ok(f"restic snapshot {found.group(1)}", snapshot=found.group(1))
        if found
        else unknown("the mover's log does not say that a snapshot was saved")
    )


def begun_at(status: Mapping[str, object]) -> float | None:
    """When the newest ended sync began: VolSync keeps its end and its duration."""
    if not status.get("lastSyncTime"):
        return None
    return datetime.fromisoformat(str(status["lastSyncTime"])).timestamp() - seconds(str(status.get("lastSyncDuration") or "0s"))


def idle(source: object) -> tuple[bool, str]:
    """Whether no sync runs, and the word of its one condition."""
    one = dig(source, "status") or {}
    reason = next((str(c.get("reason")) for c in one.get("conditions") or [] if c.get("type") == "Synchronizing"), "")
    return not one.get("lastSyncStartTime") and reason not in _BUSY, reason or "no condition yet"
