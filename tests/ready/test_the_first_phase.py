"""`migrate advance` takes the first phase from pending to closed, or says line by line what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portkey_migrate.lab import worlds
from portkey_migrate.lab.pve import pve
from portkey_migrate.lab.world import World
from portkey_migrate.rehearse import processes
from tests.whole.desk import REPO, Desk, canary, desk

pytestmark = pytest.mark.world("fork", "subprocess", "sleep")
FIRST = ("advance", "--confirm", "portkey")
TASK = "task/vm-snapshots"


def test_it_closes_by_itself_but_for_a_persons_yes(tmp_path: Path) -> None:
    """Each look, the question, the snapshots; the next command is about the next phase."""
    with desk(tmp_path) as here:
        ran = here.type(*FIRST)
        assert ran.code == 0, ran.err
        states = here.states()
        assert states["phase/0-ready"] == "closed"
        assert states[TASK] == "done"
        assert here.type("preflight", "task", "vm-snapshots").code == 0
        assert here.leaks(canary("portkey")) == []


def test_as_it_was_found_it_stops_and_prints_what_to_commit(tmp_path: Path) -> None:
    """All at once, one refusal, exit 3; nothing of the world was changed."""
    with desk(tmp_path, "portkey-as-found") as here:
        ran = here.type(*FIRST, "-o", "json")
        assert ran.code == 3
        said = json.loads(ran.out)
        assert "7 of 7 are missing" in said["what"]
        for line in ('  restic: {retain: {last: "3", daily: 7, weekly: 4}}', "    - jsonPointers: [/spec/syncPolicy]"):
            assert line in ran.err
            assert line in said["fix"]
        assert here.states()["phase/0-ready"] == "open"
        assert {state for name, state in here.states().items() if name.startswith("task/")} == {"todo"}
        writes = [one for one in here.lab.ask("ledger") if one["session"] and one["changed"]]
        assert writes == []


def snapshots(here: Desk) -> dict[str, list[str]]:
    made = [one for one in here.lab.ask("ledger") if one["kind"] == "Snapshot" and one["changed"]]
    out: dict[str, list[str]] = {}
    for one in made:
        vm, _, name = one["name"].partition("/")
        if one["verb"] == "qmsnapshot":
            out.setdefault(vm, []).append(name)
        else:
            out[vm].remove(name)
    return out


def test_a_result_that_aged_is_made_anew_under_a_new_name(tmp_path: Path) -> None:
    """Fresh: nothing to do. 26 hours later a new one stands and the old one is gone; back, none is left."""
    with desk(tmp_path) as here:
        assert here.type("advance", *TASK.split("/"), "--confirm", "portkey").code == 0
        first = snapshots(here)
        assert {len(names) for names in first.values()} == {1}
        again = here.type("advance", *TASK.split("/"))
        assert (again.code, "nothing to do" in again.out) == (0, True)
        here.wait(26 * 3600.0)
        assert here.type("preflight", *TASK.split("/")).code == 3
        assert here.type("advance", *TASK.split("/")).code == 0
        second = snapshots(here)
        assert {len(names) for names in second.values()} == {1}
        assert all(second[vm] != first[vm] for vm in first)
        assert here.type("rollback", *TASK.split("/"), "-y").code == 0
        assert {len(names) for names in snapshots(here).values()} == {0}
        assert here.states()[TASK] == "todo"
        assert here.type("advance", *TASK.split("/")).code == 0


def backup_begins(world: World) -> None:
    """The nightly backup takes VM 107 once the fifth snapshot was made, and keeps it for an hour."""
    if sum(task.type == "qmsnapshot" for task in pve(world).tasks.values()) == 5:
        pve(world).vms[107].lock = "backup"
        world.schedule(world.now + 3600.0, "nightly.ends", 107)


class Nightly:
    """Proxmox's own backup job, as far as it is in anybody's way."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ends(self, vm: int) -> None:
        pve(self.world).vms[vm].lock = ""


def busy() -> World:
    world = worlds.make("portkey", 1)
    world.parts["nightly"] = Nightly(world)
    pve(world).afterwards.append((backup_begins, ()))
    return world


def test_what_was_only_tried_anew_leaves_what_stood(tmp_path: Path) -> None:
    """The second VM is locked by its backup: exit 6 in Proxmox's own words, done as before with the old ones; later it goes; back, none is left."""
    processes.warm()
    with processes.lab(busy, tmp_path / "lab", tmp_path / "state") as lab:
        here = Desk(REPO, tmp_path / "state", lab, tmp_path)
        assert here.type("advance", *TASK.split("/"), "--confirm", "portkey").code == 0
        first = snapshots(here)
        here.wait(26 * 3600.0)
        failed = here.type("advance", *TASK.split("/"))
        assert failed.code == 6, failed.err
        assert "VM is locked (backup)" in failed.err
        assert here.states()[TASK] == "done"
        assert snapshots(here) == first
        here.wait(2 * 3600.0)
        assert here.type("advance", *TASK.split("/")).code == 0
        second = snapshots(here)
        assert {len(names) for names in second.values()} == {1}
        assert all(second[vm] != first[vm] for vm in first)
        assert here.type("rollback", *TASK.split("/"), "-y").code == 0
        assert {len(names) for names in snapshots(here).values()} == {0}
