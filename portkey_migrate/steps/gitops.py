"""Argo CD: a hold, its release, and a sync of chosen resources without a commit.

What holds is measured (real/ A1, A2): `syncPolicy.automated: null` on an Application whose ApplicationSet tolerates it. A release without
a refresh heals only after 92-165 s, with one in the same patch after 0.4 s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from portkey_migrate.errors import Blocked
from portkey_migrate.model import Answer, Change, Fields, Ref, Seen, Side, block, dig, escape, not_yet, ok
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import MARK_FIELD

ARGOCD = "argocd"  # the namespace of Argo CD, both sides
AUTOMATED = "spec.syncPolicy.automated"
REFRESH: Fields = {f"metadata.annotations.{escape('argocd.argoproj.io/refresh')}": "normal"}
#: Made last, and alone: a ReplicationSource backs up the moment it exists (domain B07), a ReplicationDestination restores (B08).
NOT_STAGED = frozenset({"ReplicationSource", "ReplicationDestination"})


@dataclass(frozen=True)
class Hold(Step):
    """Argo CD changes nothing of this app by itself, on one side."""

    kind: ClassVar[str] = "hold"
    side: Side
    application: str

    @property
    def name(self) -> str:
        return f"hold:{self.side}/{self.application}"

    def ref(self, at: At) -> Ref:
        return Ref(self.side, "Application", ARGOCD, self.application)

    def wants(self, seen: Seen, at: At) -> Fields:
        return {AUTOMATED: None}

    def undo(self, change: Change, at: At) -> tuple[Change, ...]:
        return (replace(change.undone, along=REFRESH),)

    def typed(self, begun: Mapping[str, Change]) -> Change:
        return Change(Ref(self.side, "Application", ARGOCD, self.application), {AUTOMATED: {}}, {AUTOMATED: None})

    def proof(self, change: Change, at: At) -> Answer:
        # The reply is the proof: whether the hold holds is `hold-holds`, which looks again after its owner has looked.
        seen = at.get(change.ref)
        return (
            ok()
            if change.stands(seen) == "after"
            else not_yet("automation stands otherwise", watch=Ref(change.ref.system, "Application", ARGOCD, ""))
        )


@dataclass(frozen=True)
class Release(Step):
    """The target's automation on, as the source had it before it was held; refreshed in the same patch."""

    kind: ClassVar[str] = "release"
    within: ClassVar[float] = 180.0
    application: str

    @property
    def name(self) -> str:
        return f"release:target/{self.application}"

    def ref(self, at: At) -> Ref:
        return Ref("target", "Application", ARGOCD, self.application)

    def wants(self, seen: Seen, at: At) -> Fields:
        held = at.begun.get(f"hold:source/{self.application}")
        if held is not None and held.before is not None:
            return {AUTOMATED: held.before[AUTOMATED]}
        source = at.get(Ref("source", "Application", ARGOCD, self.application))
        return {AUTOMATED: dig(source.object, AUTOMATED)}

    def along(self, at: At) -> Fields:
        return REFRESH

    def proof(self, change: Change, at: At) -> Answer:
        seen, watch = at.get(change.ref), Ref("target", "Application", ARGOCD, "")
        if change.stands(seen) != "after":
            return not_yet("automation stands otherwise", watch=watch)
        if change.after is None or change.after[AUTOMATED] is None:
            return ok("automation is off")
        status = dig(seen.object, "status.sync.status")
        refreshing = dig(seen.object, next(iter(REFRESH)))
        return (
            ok("automation is on and there is nothing to change", sync=status)
            if status == "Synced" and not refreshing
            else not_yet(f"sync {status}", watch=watch)
        )


@dataclass(frozen=True)
class StagedSync(Step):
    """One `operation` of the target's Application: what Git says, without what must come last. Its object is the operation, known by its tag.

    One merge patch that also clears `operationState`: else the left-over fields of the last operation make a false success (real/ A7).
    """

    kind: ClassVar[str] = "staged-sync"
    within: ClassVar[float] = 180.0
    application: str

    @property
    def name(self) -> str:
        return f"staged-sync:target/{self.application}"

    def ref(self, at: At) -> Ref:
        return Ref("target", "Operation", ARGOCD, self.application)

    def sends(self, at: At) -> list[tuple[str, Ref]]:
        return [*super().sends(at), *(("delete", ref) for ref in map(_ref, self._staged(at)))]

    def wants(self, seen: Seen, at: At) -> Fields:
        if seen.object is None:
            raise Blocked(f"Application {self.application} is not on the target", check="target-is-held")
        return {"tag": at.key}

    def along(self, at: At) -> Fields:
        return {"resources": [_selector(one) for one in self._staged(at)], "prune": False}

    def undo(self, change: Change, at: At) -> tuple[Change, ...]:
        """The operation withdrawn, then a DELETE for each object that was absent, the last made first."""
        withdrawn = Change(change.ref, before={"queued": at.key}, after={"queued": None}, along={MARK_FIELD: at.key})
        absent = [ref for ref in map(_ref, self._staged(at)) if at.get(ref).object is None]
        return (withdrawn, *(Change(ref, before={}, after=None) for ref in reversed(absent)))

    def proof(self, change: Change, at: At) -> Answer:
        if change.ref.kind != "Operation":
            return super().proof(change, at)
        seen = at.get(change.ref).object or {}
        watch = Ref("target", "Application", ARGOCD, "")
        if change.after is not None and "queued" in change.after:
            still = seen.get("queued") or seen.get("running")
            return not_yet("the operation is not withdrawn yet", watch=watch) if still else ok("no operation of ours is queued or running")
        if seen.get("tag") != (change.after or {}).get("tag") or seen.get("running") or seen.get("queued"):
            return not_yet(f"operation {seen.get('phase') or 'queued'}", watch=watch, waits_for="Argo CD to sync")
        if seen.get("phase") != "Succeeded":
            return block(f"Argo CD's operation ended {seen.get('phase')}: {seen.get('message', '')}"[:300])
        # A success that moved nothing is a failure: what was asked for is there.
        missing = [str(ref) for ref in map(_ref, self._staged(at)) if not _there(ref, at)]
        return (
            block(f"the sync succeeded and {', '.join(missing)} is not there")
            if missing
            else ok(f"synced at {seen.get('revision', '')}", revision=seen.get("revision"))
        )

    def _staged(self, at: At) -> list[dict[str, Any]]:
        return [one for one in self._resources(at) if one["kind"] not in NOT_STAGED]

    def _resources(self, at: At) -> list[dict[str, Any]]:
        found = at.get(Ref("target", "Application", ARGOCD, self.application)).object
        return dig(found, "status.resources") or []


@dataclass(frozen=True)
class SyncSource(StagedSync):
    """The target's ReplicationSource, alone and last: it backs up the moment it exists (domain B07)."""

    kind: ClassVar[str] = "sync-source"

    @property
    def name(self) -> str:
        return f"sync-source:target/{self.application}"

    def _staged(self, at: At) -> list[dict[str, Any]]:
        return [one for one in self._resources(at) if one["kind"] == "ReplicationSource"]


def _selector(one: dict[str, Any]) -> dict[str, Any]:
    return {key: one[key] for key in ("group", "kind", "namespace", "name") if one.get(key)}


def _ref(one: dict[str, Any]) -> Ref:
    return Ref("target", one["kind"], one.get("namespace", ""), one["name"])


def _there(ref: Ref, at: At) -> bool:
    return any(one["metadata"]["name"] == ref.name for one in at.list(ref.system, ref.kind, ref.namespace))
