"""VolSync: the safety backup on the source, under a tag of our own.

`lastManualSync` alone proves nothing: a tag that is set while a sync runs is copied into status when that one ends (domain B03), and an
empty directory is a success too (B02a, §0.4). The tag also parks the schedule, for a manual trigger takes precedence (B15).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portkey_migrate.model import Answer, Change, Fields, Ref, Seen, block, dig, not_yet, ok, unknown
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At
from portkey_migrate.systems.volsync import begun_at, idle

MANUAL = "spec.trigger.manual"
ASKED_AT = "metadata.annotations.portkey-migrate\\.io/asked-at"


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
        return {MANUAL: f"{at.key}-backup", ASKED_AT: at.now().isoformat()}

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
            str((change.after or {}).get(ASKED_AT)),
            Ref("source", "ReplicationSource", self.namespace, ""),
        )


def proved(seen: Seen, tag: str, asked_at: str, watch: Ref) -> Answer:
    """A sync that carries our tag has ended, it began after we asked, and VolSync is idle again. What it kept is `backup-is-real`."""
    status = dig(seen.object, "status") or {}
    if status.get("lastManualSync") != tag or not idle(seen.object)[0]:
        result = dig(status, "latestMoverStatus.result")
        return not_yet(f"the backup runs{' (a try failed)' if result == 'Failed' else ''}", watch=watch, waits_for="the safety backup")
    began = begun_at(status)
    asked = datetime.fromisoformat(asked_at).timestamp()
    if began is None:
        return unknown("VolSync does not say when the backup began")
    if began < asked - 1.0:  # status times are whole seconds
        return block("the sync that carries our tag began before we asked: the tag was adopted by a sync that ran", began=began, asked=asked)
    return ok(f"a sync of {status.get('lastSyncDuration')} ended, begun after it was asked for", tag=tag, took=status.get("lastSyncDuration"))
