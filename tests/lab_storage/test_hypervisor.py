"""Proxmox as it answers: refusals in the reason phrase, failures in the task (components §8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portkey_migrate.lab.api import Request
from portkey_migrate.lab.fingerprint import normal
from portkey_migrate.lab.pve import Pve, Reply
from portkey_migrate.lab.world import World


@pytest.fixture
def here(world: World) -> Pve:
    found: Pve = world.parts["pve"]
    return found


def call(here: Pve, method: str, path: str, body: str = "", token: str | None = None) -> Reply:
    headers = {"Authorization": f"PVEAPIToken={here.secret if token is None else token}"} if token != "" else {}
    return here.handle(Request.of(method, f"/api2/json{path}", headers, body.encode()))


def data(reply: Reply) -> Any:
    assert reply.status == 200, (reply.status, reply.reason, reply.body)
    return json.loads(reply.body)["data"]


def task(here: Pve, upid: str) -> Any:
    return data(call(here, "GET", f"/nodes/{upid.split(':')[1]}/tasks/{upid}/status"))


def names(here: Pve, vm: str = "gondor/qemu/104") -> list[str]:
    return [one["name"] for one in data(call(here, "GET", f"/nodes/{vm}/snapshot"))]


def test_the_four_vms_of_the_nodes_are_there_and_none_has_a_snapshot_of_ours(here: Pve) -> None:
    """Somebody's old one stands on metal0's; `current` is listed as a snapshot and is none."""
    there = data(call(here, "GET", "/cluster/resources?type=vm"))
    assert {(one["vmid"], one["name"], one["node"]) for one in there} == {
        (106, "metal0", "mirkwood"), (107, "metal1", "rohan"), (104, "metal2", "gondor"), (114, "metal3", "rivendell"),
    }  # fmt: skip
    assert names(here) == ["current"]
    assert names(here, "mirkwood/qemu/106") == ["before-fedora-39", "current"]


def test_a_snapshot_is_a_task_that_takes_its_time(here: Pve, world: World) -> None:
    """5-60 s; locked meanwhile; then it is there, with its parent."""
    upid = data(call(here, "POST", "/nodes/gondor/qemu/104/snapshot", "snapname=pm-1a2b-3&description=before+a+move&vmstate=0"))
    assert len(upid.split(":")) == 9
    assert task(here, upid)["status"] == "running"
    assert data(call(here, "GET", "/nodes/gondor/qemu/104/status/current"))["lock"] == "snapshot"
    (entry, _) = data(call(here, "GET", "/nodes/gondor/qemu/104/snapshot"))
    assert (entry["name"], entry["snapstate"]) == ("pm-1a2b-3", "prepare")
    world.run_until(world.now + 61)
    assert (task(here, upid)["status"], task(here, upid)["exitstatus"]) == ("stopped", "OK")
    assert names(here) == ["pm-1a2b-3", "current"]
    assert data(call(here, "GET", "/nodes/gondor/qemu/104/snapshot"))[1]["parent"] == "pm-1a2b-3"


def test_a_name_taken_and_a_lock_fail_in_the_task_and_raise_nothing(here: Pve, world: World) -> None:
    """200 and a UPID both times; only exitstatus says that no snapshot was made."""
    first = data(call(here, "POST", "/nodes/gondor/qemu/104/snapshot", "snapname=one"))
    locked = data(call(here, "POST", "/nodes/gondor/qemu/104/snapshot", "snapname=two"))
    world.run_until(world.now + 61)
    again = data(call(here, "POST", "/nodes/gondor/qemu/104/snapshot", "snapname=one"))
    world.run_until(world.now + 1)
    said = [task(here, upid)["exitstatus"] for upid in (first, locked, again)]
    assert said == ["OK", "VM is locked (snapshot)", "snapshot name 'one' already used"]
    assert names(here) == ["one", "current"]


def test_a_snapshot_is_deleted_and_what_came_from_it_has_another_parent(here: Pve, world: World) -> None:
    """And one that is not there fails in the task."""
    for name in ("one", "two"):
        data(call(here, "POST", "/nodes/gondor/qemu/104/snapshot", f"snapname={name}"))
        world.run_until(world.now + 61)
    upid = data(call(here, "DELETE", "/nodes/gondor/qemu/104/snapshot/one"))
    world.run_until(world.now + 61)
    gone = data(call(here, "DELETE", "/nodes/gondor/qemu/104/snapshot/one"))
    world.run_until(world.now + 61)
    assert task(here, upid)["exitstatus"] == "OK"
    assert "does not exist" in task(here, gone)["exitstatus"]
    (two, _) = data(call(here, "GET", "/nodes/gondor/qemu/104/snapshot"))
    assert (two["name"], two.get("parent")) == ("two", None)


def test_a_vm_is_rolled_back_by_a_task(here: Pve, world: World) -> None:
    """What no recipe calls (domain B56, B57); the adapter's contract does."""
    data(call(here, "POST", "/nodes/gondor/qemu/104/snapshot", "snapname=one"))
    world.run_until(world.now + 61)
    upid = data(call(here, "POST", "/nodes/gondor/qemu/104/snapshot/one/rollback"))
    world.run_until(world.now + 61)
    assert task(here, upid)["exitstatus"] == "OK"
    assert here.vms[104].times_rolled_back == 1


@pytest.mark.parametrize(
    ("body", "param", "why"),
    [
        ("", "snapname", "property is missing and it is not optional"),
        ("snapname=one&vmstate=True", "vmstate", "type check ('boolean') failed - got 'True'"),
        ("snapname=1one", "snapname", "invalid format - invalid configuration ID '1one'\n"),
        (f"snapname={'a' * 41}", "snapname", "value may only be 40 characters long"),
        ("snapname=one&ram=1", "ram", "property is not defined in schema and the schema does not allow additional properties"),
    ],
)
def test_parameters_are_refused_by_name(body: str, param: str, why: str, here: Pve) -> None:
    """400, every fault by its parameter (proxmoxer#208 for the boolean)."""
    reply = call(here, "POST", "/nodes/gondor/qemu/104/snapshot", body)
    assert (reply.status, reply.reason) == (400, "Parameter verification failed.")
    assert json.loads(reply.body)["errors"] == {param: why}


def test_refusals_stand_in_the_reason_phrase(here: Pve) -> None:
    """A missing VM is 500 and no 404; no token and a wrong one are 401; no right is 403; an unknown path is 501."""
    missing = call(here, "GET", "/nodes/gondor/qemu/404/snapshot")
    assert (missing.status, missing.reason) == (500, "Configuration file 'nodes/gondor/qemu-server/404.conf' does not exist")
    assert (call(here, "GET", "/version", token="").reason, call(here, "GET", "/version", token="x").reason) == ("No ticket", "invalid token value!")
    assert call(here, "GET", "/version", token="").body == b""
    assert call(here, "GET", "/nowhere").status == 501
    here.privileges.discard("VM.Snapshot")
    refused = call(here, "POST", "/nodes/gondor/qemu/104/snapshot", "snapname=one")
    assert (refused.status, refused.reason) == (403, "Permission check failed (/vms/104, VM.Snapshot)")
    here.privileges.discard("VM.Audit")
    assert data(call(here, "GET", "/cluster/resources?type=vm")) == []


def test_what_it_changed_stands_in_the_ledger_and_in_the_fingerprint(here: Pve, world: World) -> None:
    """A name of ours is written K there."""
    world.store.ledger.clear()
    before = normal(world)
    data(call(here, "POST", "/nodes/gondor/qemu/104/snapshot", "snapname=pm-1a2b-3"))
    world.run_until(world.now + 61)
    (line,) = [one for one in world.store.ledger if one["cluster"] == "proxmox"]
    assert (line["kind"], line["name"], line["changed"]) == ("Snapshot", "104/pm-1a2b-3", True)
    assert set(normal(world)["proxmox/VM/104"]) - set(before["proxmox/VM/104"]) == {"snapshots[K].parent"}
