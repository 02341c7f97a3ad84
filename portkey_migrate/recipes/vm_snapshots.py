"""Every VM of the plan that exists gets a snapshot before anything moves: the last way back of all, and only for the nodes' own disks.

The apps' data is not in it: it lies in Ceph and on NFS. Its result ages; done again, it stands under a new name and the old one goes.
"""

from __future__ import annotations

from portkey_migrate.model import Task
from portkey_migrate.recipes import Item, Method, Recipe, Undo
from portkey_migrate.steps.vm import DropOldSnapshot, VmSnapshot


def forward(task: Task, found: None) -> Recipe:
    new: list[Item] = [VmSnapshot(vm) for vm in task.vms]
    return {"done": [*new, *(DropOldSnapshot(vm) for vm in task.vms)]}


def back(task: Task, found: None) -> Recipe:
    """To `todo` every snapshot of ours; to `done`, from doing it again, those of that go alone."""
    gone: list[Item] = [Undo(VmSnapshot(vm)) for vm in reversed(task.vms)]
    return {"todo": gone, "done": gone}


METHOD = Method(
    "vm-snapshots",
    forward,
    back,
    back_takes=0.0,
    down=(),
    words={
        "moves": "a snapshot of the disks of every VM, while it runs",
        "back": "its snapshots are deleted; the VMs stay as they are",
        "data": "the nodes' own disks: no app's data is in them",
    },
    of="task",
    ages=("vm-snapshot-exists", "vm-snapshot-is-fresh"),
)
