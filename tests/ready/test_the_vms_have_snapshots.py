"""A snapshot of every machine before anything moves, and how old it may be."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from portkey_migrate import checks, recipes, steps
from portkey_migrate.errors import Blocked, Usage
from portkey_migrate.lab.pve import Snapshot, pve
from portkey_migrate.model import Answer, Change, Ref, Seen, Task
from portkey_migrate.recipes.vm_snapshots import METHOD
from portkey_migrate.steps.vm import DropOldSnapshot, VmSnapshot

from .conftest import Eyes

KEY = "pm-1a2b-9"
HOUR = 3600


def give(eyes: Eyes, *vms: int, name: str = "pm-1a2b-4", age: float = 0.0) -> None:
    """Snapshots that stand there."""
    for vm in vms:
        made = Snapshot(name, "", int(eyes.world.now - age), "", vmstate=False)
        pve(eyes.world).vms[vm].snapshots.append(made)


def asked(eyes: Eyes) -> dict[str, Answer]:
    return {id_: checks.by_id(id_).ask(eyes.look()) for id_ in METHOD.ages}


def verdicts(eyes: Eyes) -> list[str]:
    return [answer.verdict for answer in asked(eyes).values()]


def test_every_vm_of_the_plan_has_a_young_one(portkey: Eyes) -> None:
    """Value, threshold and where it was asked."""
    give(portkey, 104, 106, 107, 114, age=HOUR)
    answers = asked(portkey)
    assert [answer.verdict for answer in answers.values()] == ["ok", "ok"]
    assert answers["vm-snapshot-exists"].values.items() >= {"value": 4, "threshold": 4, "cluster": "proxmox"}.items()
    assert answers["vm-snapshot-is-fresh"].values == {"value": "1 h", "threshold": "24 h", "cluster": "proxmox"}


def test_one_without_is_named_with_the_command(portkey: Eyes) -> None:
    """By node and id; the age of the others is another question."""
    give(portkey, 104, 106, 114)
    answer = asked(portkey)["vm-snapshot-exists"]
    assert verdicts(portkey) == ["block", "ok"]
    assert "metal1 (VM 107)" in answer.why
    assert answer.fix == "migrate advance task vm-snapshots"


def test_where_there_is_none_no_age_is_told_of_it(portkey: Eyes) -> None:
    """One question refuses; the other says that it saw nothing, and not that nothing is young."""
    answers = asked(portkey)
    assert verdicts(portkey) == ["block", "ok"]
    assert answers["vm-snapshot-is-fresh"].values["value"] == "none"


def test_what_was_seen_can_be_printed_as_json(portkey: Eyes) -> None:
    """`preflight -o json` prints the values as they are; a datetime among them ended it with a traceback."""
    give(portkey, 104, 106, 107, 114, age=HOUR)
    values = asked(portkey)["vm-snapshot-exists"].values
    assert datetime.fromisoformat(json.loads(json.dumps(dict(values)))["oldest"]).timestamp() == int(portkey.world.now - HOUR)


def test_twenty_five_hours_are_too_old(portkey: Eyes) -> None:
    """They are there: only one of the two checks refuses."""
    give(portkey, 104, 106, 107, 114, age=25 * HOUR)
    assert verdicts(portkey) == ["ok", "block"]
    give(portkey, 104, 106, 107, 114, name="pm-1a2b-5", age=23 * HOUR)
    assert verdicts(portkey) == ["ok", "ok"]


def test_somebody_elses_snapshot_is_not_counted(portkey: Eyes) -> None:
    """Its owner may delete it any time."""
    give(portkey, 104, 106, 107, 114, name="before-fedora-39")
    assert verdicts(portkey) == ["block", "ok"]


def test_a_vm_that_is_not_there_yet_needs_none(portkey: Eyes) -> None:
    """The plan's new node comes later."""
    del pve(portkey.world).vms[114]
    give(portkey, 104, 106, 107)
    assert asked(portkey)["vm-snapshot-exists"].values["value"] == 3


def test_a_token_that_sees_no_vm_is_not_taken_for_no_vms(portkey: Eyes) -> None:
    """An empty list may mean no rights."""
    pve(portkey.world).vms.clear()
    assert verdicts(portkey) == ["unknown", "unknown"]
    with pytest.raises(Blocked, match="no VM at all"):
        VmSnapshot(106).wants(Seen(None), portkey.look())


def test_without_a_setting_the_answer_names_the_line(portkey: Eyes) -> None:
    """A preflight goes on with its other checks."""

    class Unset(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            raise Usage("Proxmox is not set", why="proxmox: {url: …}")

    at = replace(portkey.look(), systems=Unset(portkey.look().systems))
    at.systems.pop("proxmox")  # type: ignore[attr-defined] # an own dict, two lines up
    answer = checks.by_id("vm-snapshot-exists").ask(at)
    assert (answer.verdict, answer.why, answer.fix) == ("unknown", "Proxmox is not set", "proxmox: {url: …}")


# ---- the recipe and its steps ----


def test_the_task_is_a_list_that_a_person_can_read() -> None:
    """Every new one stands before an old one goes; back, the newest goes first."""
    task = Task("vm-snapshots", "vm-snapshots", vms=(106, 107))
    assert [item.name for item in METHOD.forward(task, None)["done"]] == [
        "snapshot:106", "snapshot:107", "drop-old-snapshot:106", "drop-old-snapshot:107",
    ]  # fmt: skip
    assert [item.name for item in METHOD.back(task, None)["todo"]] == ["undo-snapshot:107", "undo-snapshot:106"]
    assert recipes.methods()["vm-snapshots"] is METHOD
    assert all(steps.from_data(step.data()) == step for step in METHOD.forward(task, None)["done"] if isinstance(step, steps.Step))


def test_a_snapshot_wants_its_name_where_the_vm_is(portkey: Eyes) -> None:
    """Of a VM that is not there nothing is wanted, and nothing is undone."""
    there, gone = VmSnapshot(106), VmSnapshot(999)
    assert there.wants(Seen(None), portkey.look()) == {"name": KEY}
    assert there.along(portkey.look())["vmstate"] == 0
    nothing = Change(gone.ref(portkey.look()), None, gone.wants(Seen(None), portkey.look()))
    assert nothing.nothing
    assert gone.proof(nothing, portkey.look()).verdict == "ok"


def test_the_one_before_ours_goes_and_no_other(portkey: Eyes) -> None:
    """Of this journal, and older; the oldest first. Another journal's and a person's stay."""
    step = DropOldSnapshot(106)
    assert step.ref(portkey.look()).name == f"{KEY}-none"
    give(portkey, 106, name="pm-ffff-2")
    give(portkey, 106, name="before-fedora-39")
    give(portkey, 106, name="pm-1a2b-9")
    give(portkey, 106, name="pm-1a2b-11")
    assert step.ref(portkey.look()).name == f"{KEY}-none"
    give(portkey, 106, name="pm-1a2b-8")
    give(portkey, 106, name="pm-1a2b-3")
    assert step.ref(portkey.look()) == Ref("proxmox", "Snapshot", "106", "pm-1a2b-3")
    assert step.undo(Change(step.ref(portkey.look()), {}, None), portkey.look()) == ()


class Hypervisor:
    """What is asked after a call was answered."""

    def __init__(self, snapshot: dict[str, Any] | None, **task: str) -> None:
        self.snapshot, self.said = snapshot, task

    def ask(self, question: str, **_: Any) -> dict[str, Any]:
        assert question == "task"
        return {"upid": "UPID:n:1:2:3:qmsnapshot:106:u:", **self.said} if self.said else {}

    def read(self, ref: Ref) -> Seen:
        return Seen(self.snapshot, "1") if self.snapshot is not None else Seen(None)


MAKE = Change(Ref("proxmox", "Snapshot", "106", KEY), None, {"name": KEY})
THERE = {"name": KEY}
RUNS = {"status": "running", "exitstatus": ""}
OK = {"status": "stopped", "exitstatus": "OK"}


@pytest.mark.parametrize(
    ("change", "snapshot", "task", "verdict"),
    [
        (MAKE, None, RUNS, "not-yet"),
        (MAKE, THERE, RUNS, "not-yet"),
        (MAKE, THERE, OK, "ok"),
        (MAKE, THERE, {"status": "stopped", "exitstatus": "WARNINGS: 1"}, "ok"),
        (MAKE, THERE, {}, "ok"),
        (MAKE, {**THERE, "snapstate": "prepare"}, {}, "not-yet"),
        (MAKE, None, {}, "not-yet"),
        (MAKE, None, {"status": "stopped", "exitstatus": "VM is locked (backup)"}, "block"),
        (MAKE, None, {"status": "stopped", "exitstatus": "snapshot feature is not available"}, "block"),
        (MAKE, None, {"status": "stopped", "exitstatus": "VM is locked (snapshot)"}, "not-yet"),
        (MAKE, THERE, {"status": "stopped", "exitstatus": "snapshot name 'x' already used"}, "ok"),
        (MAKE.undone, THERE, OK, "not-yet"),
        (MAKE.undone, None, OK, "ok"),
        (MAKE.undone, None, {"status": "stopped", "exitstatus": f"snapshot '{KEY}' does not exist"}, "ok"),
        (MAKE.undone, THERE, {"status": "stopped", "exitstatus": "VM is locked (backup)"}, "block"),
    ],
)
def test_the_proof_reads_the_task_and_then_looks(portkey: Eyes, change: Change, snapshot: Any, task: Any, verdict: str) -> None:
    """A failed task blocks in its own words, unless an earlier call of ours did the work."""
    systems: dict[str, Any] = {"proxmox": Hypervisor(snapshot, **task)}
    at = replace(portkey.look(), systems=systems)
    answer = VmSnapshot(106).proof(change, at)
    assert answer.verdict == verdict
    if verdict == "block":
        assert task["exitstatus"] in answer.why
