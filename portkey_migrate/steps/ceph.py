"""Ceph: a point in time inside the outage, and the fence for a node that does not answer.

An RBD watcher that is gone proves no end of writing: a client frozen for 30 s shows none and, thawed, writes on (real/ceph.md §3). The
blocklist is what stops it: its writes fail within 0.25 s of the entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portkey_migrate.errors import Blocked
from portkey_migrate.model import Answer, Change, Fields, Ref, Seen, ok
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At


@dataclass(frozen=True)
class RestorePoint(Step):
    """An RBD snapshot of one image under a name of ours. Kept: it is listed as a leftover, never undone by a way back."""

    kind: ClassVar[str] = "restore-point"
    verbs: ClassVar[tuple[str, ...]] = ()
    pool: str
    image: str
    tag: str  # t0 | rb

    @property
    def name(self) -> str:
        return f"restore-point-{self.tag}:ceph/{self.image}"

    def ref(self, at: At) -> Ref:
        return Ref("ceph", "Snapshot", self.pool, f"{self.image}@{at.key}-{self.tag}")

    def wants(self, seen: Seen, at: At) -> Fields:
        return {"name": f"{at.key}-{self.tag}"}

    def undo(self, change: Change, at: At) -> tuple[Change, ...]:
        return ()


@dataclass(frozen=True)
class Blocklist(Step):
    """The source's writer is shut out of Ceph, where its node did not answer; elsewhere there is nothing to do.

    The address was read while the app still ran, for a frozen writer shows none. The check `writer-is-known` recorded it.
    """

    kind: ClassVar[str] = "blocklist"
    verbs: ClassVar[tuple[str, ...]] = ()
    image: str

    @property
    def name(self) -> str:
        return f"blocklist:ceph/{self.image}"

    def ref(self, at: At) -> Ref:
        return Ref("ceph", "Blocklist", "", self._address(at))

    def wants(self, seen: Seen, at: At) -> Fields | None:
        if not silent(at):
            return {} if seen.object is not None else None
        return {"address": self._address(at)}

    def _address(self, at: At) -> str:
        known = at.checked.get("writer-is-known")
        address = (known.values.get("addresses") or {}).get(self.image, "") if known is not None else ""
        if not address and silent(at):
            raise Blocked("the writer's address was not seen while it ran, so it cannot be shut out", check="writer-is-known")
        return address or "none"

    def proof(self, change: Change, at: At) -> Answer:
        return ok("the node answered: nobody is shut out") if change.nothing else super().proof(change, at)


def silent(at: At) -> bool:
    """Whether a look in this transition had to do without the source's node: a proof or a check that only warned."""
    return any(answer.verdict == "warn" and answer.values.get("silent") for answer in at.checked.values())
