"""VolSync: the safety backup on the source, under a tag of our own.

`lastManualSync` alone proves nothing: a tag that is set while a sync runs is copied into status when that one ends (domain B03), and an
empty directory is a success too (B02a, §0.4). The tag also parks the schedule, for a manual trigger takes precedence (B15).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portkey_migrate.model import Answer, Change, Fields, Ref, Seen, block, dig, not_yet, ok, unknown
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At

MANUAL = "spec.trigger.manual"
_SAVED = re.compile(r"^snapshot ([0-9a-f]{8,}) saved$", re.MULTILINE)
_NOTHING = re.compile(r"Directory is empty|^No eligible|No data will be restored|^Fatal|^ERROR|^created restic repository", re.MULTILINE)


def seconds(duration: str) -> float:
    """Go's duration text (`1m2.5s`) in seconds."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)(h|ms|m|us|µs|ns|s)", duration))


def saved(status: object) -> Answer:
    """Whether the newest mover's log says that something was kept; empty logs say nothing (domain B02a)."""
    result, logs = dig(status, "latestMoverStatus.result"), dig(status, "latestMoverStatus.logs") or ""
    if result != "Successful":
        return block(f"the mover ended {result}", result=result)
    if nothing := _NOTHING.search(logs):
        return block(f"the mover said {nothing.group(0)!r} and Successful", result=result)
    found = _SAVED.search(logs)
    return (
        ok(f"restic snapshot {found.group(1)}", snapshot=found.group(1))
        if found
        else unknown("the mover's log does not say that a snapshot was saved")
    )


@dataclass(frozen=True)
class SafetyBackup(Step):
    """A backup asked for by our own tag, and proved, while the source still serves."""

    kind: ClassVar[str] = "safety-backup"
    within: ClassVar[float] = 1800.0
    namespace: str
    source: str
    asks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"safety-backup:source/{self.source}"

    def ref(self, at: At) -> Ref:
        return Ref("source", "ReplicationSource", self.namespace, self.source)

    def wants(self, seen: Seen, at: At) -> Fields:
        return {MANUAL: f"{at.key}-backup", "metadata.annotations.portkey-migrate\\.io/asked-at": at.now().isoformat()}

    def proof(self, change: Change, at: At) -> Answer:
        seen = at.get(change.ref)
        if change.stands(seen) != "after":
            return not_yet("the trigger stands otherwise", watch=Ref("source", "ReplicationSource", self.namespace, ""))
        tag = (change.after or {}).get(MANUAL)
        if tag is None or not str(tag).startswith("pm-"):
            return ok("the trigger is as it was found")
        return proved(
            seen,
            str(tag),
            str((change.after or {}).get("metadata.annotations.portkey-migrate\\.io/asked-at")),
            Ref("source", "ReplicationSource", self.namespace, ""),
        )


def proved(seen: Seen, tag: str, asked_at: str, watch: Ref) -> Answer:
    """Our tag, begun after we asked, successful, something saved, idle again."""
    status = dig(seen.object, "status") or {}
    if status.get("lastManualSync") != tag or status.get("lastSyncStartTime"):
        return not_yet("the backup runs", watch=watch, waits_for="the safety backup")
    ended = datetime.fromisoformat(str(status.get("lastSyncTime")))
    began = ended.timestamp() - seconds(str(status.get("lastSyncDuration", "0s")))
    asked = datetime.fromisoformat(asked_at).timestamp()
    if began < asked - 1.0:  # status times are whole seconds
        return block("the sync that carries our tag began before we asked: the tag was adopted by a sync that ran", began=began, asked=asked)
    return saved(status)
