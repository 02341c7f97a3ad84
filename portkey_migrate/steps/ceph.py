"""Ceph: a point in time inside the outage, and the fence for a node that does not answer.

An RBD watcher that is gone proves no end of writing: a client frozen for 30 s shows none and, thawed, writes on (real/ceph.md §3). The
blocklist is what stops it: its writes fail within 0.25 s of the entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from portkey_migrate.errors import Blocked
from portkey_migrate.model import Answer, Change, Fields, Ref, Seen, ok
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At
from portkey_migrate.systems.ceph import NOBODY
from portkey_migrate.systems.silence import silent, writers


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

    def typed(self, begun: Mapping[str, Change]) -> Change:
        name = f"by-hand-{self.tag}"
        return Change(Ref("ceph", "Snapshot", self.pool, f"{self.image}@{name}"), None, {"name": name})


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
        address = self._address(at)
        return None if address == NOBODY else {"address": address}

    def _address(self, at: At) -> str:
        """Read only where it is needed: an address of nobody costs no call inside the outage."""
        if not silent(at):
            return NOBODY
        address = writers(at).get(self.image, "")
        if not address:
            raise Blocked("the writer's address was not seen while it ran, so it cannot be shut out", check="writer-is-known")
        return address

    def proof(self, change: Change, at: At) -> Answer:
        return ok("the node answered: nobody is shut out") if change.nothing else super().proof(change, at)
