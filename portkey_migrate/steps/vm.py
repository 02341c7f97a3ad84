"""A VM's snapshot on its hypervisor: the disks alone, while it runs. With its memory it fails where a device is passed through (domain B59)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portkey_migrate.errors import Blocked
from portkey_migrate.model import Answer, Change, Fields, Ref, Seen, block, not_yet, ok
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import lineage_of, ours

SYSTEM, KIND = "proxmox", "Snapshot"
#: What a task of ours says where another one of ours, from before a crash, is still at work, or was done first.
_ONES_OWN = ("VM is locked (snapshot", "already used", "does not exist")


@dataclass(frozen=True)
class VmSnapshot(Step):
    """A snapshot under our key; nothing where that VM is not there."""

    kind: ClassVar[str] = "vm-snapshot"
    within: ClassVar[float] = 600.0  # 5-60 s each (domain §2.2 n4); a lock that is waited for beside it
    verbs: ClassVar[tuple[str, ...]] = ("create", "delete")
    vm: int = 0

    @property
    def name(self) -> str:
        return f"snapshot:{self.vm}"

    def ref(self, at: At) -> Ref:
        return Ref(SYSTEM, KIND, str(self.vm), at.key)

    def wants(self, seen: Seen, at: At) -> Fields | None:
        there = {one["metadata"]["name"] for one in at.list(SYSTEM, "VM")}
        if not there:
            raise Blocked("Proxmox shows no VM at all", why="the token may lack VM.Audit on /vms", check="vm-snapshot-exists")
        return {"name": at.key} if str(self.vm) in there else None

    def along(self, at: At) -> Fields:
        return {"description": "portkey-migrate: before anything moves", "vmstate": 0}

    def proof(self, change: Change, at: At) -> Answer:
        if change.nothing and change.after is None:
            return ok(f"VM {self.vm} is not there")
        return _became(change, at)


@dataclass(frozen=True)
class DropOldSnapshot(Step):
    """The snapshot of ours that this one replaces goes: old ones hold space, and each makes the disk slower."""

    kind: ClassVar[str] = "vm-snapshot-drop"
    within: ClassVar[float] = 600.0
    verbs: ClassVar[tuple[str, ...]] = ("delete",)
    vm: int = 0

    @property
    def name(self) -> str:
        return f"drop-old-snapshot:{self.vm}"

    def ref(self, at: At) -> Ref:
        names = [one["name"] for one in at.list(SYSTEM, KIND, str(self.vm))]
        older = [name for name in ours(names) if lineage_of(name) == lineage_of(at.key) and _row(name) < _row(at.key)]
        # Where there is none, a name that nobody has: what is not there is gone.
        return Ref(SYSTEM, KIND, str(self.vm), min(older, key=_row) if older else f"{at.key}-none")

    def wants(self, seen: Seen, at: At) -> Fields | None:
        return None

    def undo(self, change: Change, at: At) -> tuple[Change, ...]:
        """What a snapshot held cannot be made again."""
        return ()

    def proof(self, change: Change, at: At) -> Answer:
        return ok("there was none") if change.nothing else _became(change, at)


def _became(change: Change, at: At) -> Answer:
    """What became of the task, then of the snapshot: a task that failed says why, in words that nothing else has."""
    vm, name = change.ref.namespace, change.ref.name
    watch, ends = Ref(SYSTEM, KIND, vm, ""), "Proxmox to end its task"
    task = at.ask(SYSTEM, "task", vm=vm, name=name)
    if task and task["status"] != "stopped":
        return not_yet(f"Proxmox works on it ({task['upid'].split(':')[5]})", watch=watch, waits_for=ends, vm=vm)
    ended = str(task.get("exitstatus", "")) if task else ""
    seen = at.get(change.ref)
    whole = seen.object is not None and not seen.object.get("snapstate")
    if (change.after is None and seen.object is None) or (change.after is not None and whole):
        return ok(f"VM {vm}: {name} {'is gone' if change.after is None else 'stands'}", vm=vm, exitstatus=ended)
    if ended and ended != "OK" and not ended.startswith("WARNINGS") and not any(own in ended for own in _ONES_OWN):
        return block(f"VM {vm}: {ended}", f"qm listsnapshot {vm}", vm=vm, exitstatus=ended)
    return not_yet(f"VM {vm}: {name} is {'still' if change.after is None else 'not'} there", watch=watch, waits_for=ends, vm=vm)


def _row(key: str) -> int:
    return int(key.rsplit("-", 1)[1])
