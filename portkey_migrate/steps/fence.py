"""The fence: a ResourceQuota that lets no Pod start. Made once while `prepared`, afterwards only patched.

It acts in 7-15 ms (measured, real/ §4), on every controller alike; a workload that goes on wanting Pods under it is in back-off, so it
goes on before a scale to 0 and off before a scale up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portkey_migrate.model import Answer, Change, Fields, Ref, Seen, Side, dig, not_yet, ok
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import FENCE, FENCE_OFF, FENCE_ON, MADE_BY_FIELD

_POD_LIMIT = "spec.hard.pods"


@dataclass(frozen=True)
class Fence(Step):
    """Lets no new Pod start on one side (`on`), or any."""

    kind: ClassVar[str] = "fence"
    verbs: ClassVar[tuple[str, ...]] = ("get", "create", "patch", "delete")
    side: Side
    namespace: str
    on: bool
    asks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"fence-{'on' if self.on else 'off'}:{self.side}/{self.namespace}"

    def ref(self, at: At) -> Ref:
        return Ref(self.side, "ResourceQuota", self.namespace, FENCE)

    def wants(self, seen: Seen, at: At) -> Fields:
        hard = {_POD_LIMIT: FENCE_ON if self.on else FENCE_OFF}
        return hard if seen.object is not None else {**hard, MADE_BY_FIELD: at.key}

    def proof(self, change: Change, at: At) -> Answer:
        seen = at.get(change.ref)
        watch = Ref(change.ref.system, "ResourceQuota", change.ref.namespace, "")
        if change.stands(seen) != "after" or seen.going:
            return not_yet("the fence does not stand as wanted yet", watch=watch)
        if change.after is None:
            return ok("the fence is gone")
        limit = change.after[_POD_LIMIT]
        if dig(seen.object, "status.hard.pods") != limit:
            return not_yet("the quota is not counted yet", watch=watch)
        tried = at.ask(change.ref.system, "dry-run-pod", namespace=change.ref.namespace)
        # A missing right is a 403 too: only the text says that it is the fence that holds (real/README.md §4.15).
        fenced = tried["status"] == 403 and f"exceeded quota: {FENCE}" in tried["message"]  # noqa: PLR2004 (HTTP's own number)
        if fenced == (limit == FENCE_ON):
            return ok("a Pod tried without effect is refused by the fence" if fenced else "a Pod tried without effect is let in", limit=limit)
        return not_yet(f"a Pod tried without effect got {tried['status']}", limit=limit)
