"""The adapter and a hypervisor that speaks HTTPS, fails in tasks and locks its VMs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from portkey_migrate.errors import NoReply, SendRefused, UnknownName, Unreachable, Usage
from portkey_migrate.lab.pve import Snapshot
from portkey_migrate.model import Change, Ref, Seen
from portkey_migrate.systems import proxmox
from portkey_migrate.systems.proxmox import Proxmox

from .conftest import FINGERPRINT, Host, cut, fails

KEY = "pm-1a2b-7"
REF = Ref("proxmox", "Snapshot", "106", KEY)
MAKE = Change(REF, None, {"name": KEY}, {"description": "portkey-migrate", "vmstate": 0})
DROP = Change(REF, {"name": KEY}, None)
MISSING = Ref("proxmox", "Snapshot", "999", KEY)


def done(host: Host, there: Proxmox) -> str:
    """What became of the newest task, once it has ended."""
    task = there.ask("task", vm="106", name=KEY)
    while task["status"] == "running":
        host.sleep(1.0)
        task = there.task(task["upid"])
    return str(task["exitstatus"])


def test_a_snapshot_is_made_read_listed_and_deleted(host: Host) -> None:
    """From nothing to nothing, each end seen by a task that ended OK."""
    there = host.client()
    assert there.read(REF) == Seen(None)
    there.send(MAKE, Seen(None), "7.1#1")
    assert done(host, there) == "OK"
    seen = there.read(REF)
    assert MAKE.stands(seen) == "after"
    assert (seen.object or {})["description"] == "portkey-migrate"
    assert KEY in [one["metadata"]["name"] for one in there.list("Snapshot", "106")[0]]
    there.send(DROP, seen, "8.1#1")
    assert done(host, there) == "OK"
    assert DROP.stands(there.read(REF)) == "after"


def test_what_runs_is_no_snapshot(host: Host) -> None:
    """Proxmox lists `current` among them: to keep or to delete it would be nonsense."""
    assert "current" not in [one["name"] for one in host.client().list("Snapshot", "107")[0]]


def test_the_vms_are_listed_with_their_hosts(host: Host) -> None:
    """Which host has a VM is asked, never configured: VMs move."""
    there = host.client()
    assert there.ask("vms")["106"]["node"] == "mirkwood"
    assert {one["metadata"]["name"] for one in there.list("VM")[0]} == {"104", "106", "107", "114"}
    assert there.ask("version")["release"] == "9.1"


def test_a_task_that_failed_says_so_and_nothing_raises(host: Host) -> None:
    """The call is answered as if all were well: who does not read exitstatus has no snapshot."""
    there = host.client()
    host.pve.vms[106].lock = "backup"
    there.send(MAKE, Seen(None), "7.1#1")
    assert done(host, there) == "VM is locked (backup)"


def test_while_proxmox_works_on_a_vm_nobody_can_say_what_it_has(host: Host) -> None:
    """A snapshot is listed when its task ends; `not there` before would let it be forgotten."""
    there = host.client()
    there.send(MAKE, Seen(None), "7.1#1")
    with pytest.raises(Unreachable, match="locked"):
        host.client().read(REF)
    done(host, there)
    assert host.client().read(REF).object is not None


def test_a_second_snapshot_of_one_name_ends_in_its_task(host: Host) -> None:
    """A late twin makes nothing: the name is the key."""
    there = host.client()
    there.send(MAKE, Seen(None), "7.1#1")
    done(host, there)
    there.send(MAKE, Seen(None), "7.1#2")
    assert "already used" in done(host, there)
    assert [one.name for one in host.pve.vms[106].snapshots].count(KEY) == 1


def test_a_vm_goes_back_to_its_snapshot(host: Host) -> None:
    """In the adapter and here alone: no recipe rolls a VM back (domain B56, B57). A boolean goes as 0 or 1."""
    there = host.client()
    there.send(MAKE, Seen(None), "7.1#1")
    done(host, there)
    upid = there.roll_back("106", KEY, "9.1#1", start=True)
    while there.task(upid)["status"] == "running":
        host.sleep(1.0)
    assert there.task(upid)["exitstatus"] == "OK"
    assert host.pve.vms[106].times_rolled_back == 1
    assert next(one.body for one in host.posts() if one.path.endswith("/rollback")) == "start=1"
    with pytest.raises(SendRefused):
        there.roll_back("999", KEY, "9.2#1")


def test_one_token_is_one_call(host: Host) -> None:
    """The engine's rule held at the last place where it can be."""
    there = host.client()
    there.send(MAKE, Seen(None), "7.1#1")
    with pytest.raises(RuntimeError, match=r"7\.1#1"):
        there.send(MAKE, Seen(None), "7.1#1")
    assert [one.headers["x-portkey-step"] for one in host.posts()] == ["7.1#1"]
    assert all("x-portkey-step" not in one.headers for one in host.asked if one.method == "GET")


@pytest.mark.parametrize("how", [cut, fails(595, "No route to host"), fails(500, "unexpected")])
@pytest.mark.parametrize("landed", [False, True])
def test_a_call_without_a_clear_answer_may_have_happened(host: Host, how: object, landed: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """Sent once, and nobody knows; only a look says."""
    there = host.client()
    there.read(REF)
    host.breaks.append(("POST", landed, how))  # type: ignore[arg-type] # one of the two kinds above
    with pytest.raises(NoReply):
        there.send(MAKE, Seen(None), "7.1#1")
    assert len(host.posts()) == 1
    host.sleep(120.0)
    assert (host.client().read(REF).object is not None) is landed


@pytest.mark.parametrize("how", [cut, fails(596, "Broken pipe")])
def test_a_look_is_repeated(host: Host, how: object) -> None:
    """It changes nothing."""
    host.breaks.append(("GET", False, how))  # type: ignore[arg-type] # one of the two kinds above
    assert host.client().ask("vms")["114"]["name"] == "metal3"


def test_who_does_not_answer_is_unreachable(host: Host) -> None:
    """After three looks, and said with its address."""
    host.breaks += [("GET", False, cut)] * 3
    with pytest.raises(Unreachable) as raised:
        host.client().ask("vms")
    assert f"127.0.0.1:{host.port}" in raised.value.why


def test_a_missing_right_is_a_clear_no(host: Host) -> None:
    """It did not happen, and the reason names the privilege."""
    there = host.client()
    host.pve.privileges.discard("VM.Snapshot")
    with pytest.raises(SendRefused, match=r"VM\.Snapshot"):
        there.send(MAKE, Seen(None), "7.1#1")
    host.pve.privileges.clear()
    assert there.list("VM")[0] == []
    assert there.read(REF) == Seen(None)


def test_a_wrong_token_is_refused_and_never_shown(host: Host) -> None:
    """Neither the token nor what stands in its place is in the message."""
    with pytest.raises(Unreachable) as raised:
        host.client(token="migrate@pve!portkey=canary-wrong").ask("vms")
    assert "canary" not in f"{raised.value.what} {raised.value.why}"
    with pytest.raises(Usage) as malformed:
        host.client(token="canary-alone")
    assert "canary" not in f"{malformed.value.what} {malformed.value.why}"


def test_a_vm_that_is_not_there_has_no_snapshot(host: Host) -> None:
    """Proxmox says 500 of it; here it is a plain answer, and to send is refused."""
    there = host.client()
    assert there.read(MISSING) == Seen(None)
    assert there.list("Snapshot", "999") == ([], "")
    with pytest.raises(SendRefused):
        there.send(Change(MISSING, None, {"name": KEY}), Seen(None), "7.1#1")


def test_a_vm_that_moved_between_two_looks_is_not_without_snapshots(host: Host) -> None:
    """Its old host says that it does not exist; that is no answer about its snapshots."""
    there = host.client()
    vms = there.ask("vms")
    host.pve.vms[106].node = "rohan"
    host.pve.vms[106].snapshots.append(Snapshot(KEY, "", int(host.world.now), "", vmstate=False))
    assert there.read(REF).object is not None
    there._vms = lambda: [{"vmid": int(vm), **known} for vm, known in vms.items()]  # type: ignore[method-assign] # the machines of this test, in place of the world's
    with pytest.raises(Unreachable, match="no more on mirkwood"):
        there.read(REF)


def test_the_certificate_is_pinned(host: Host) -> None:
    """Another one is refused, and the message holds the line that would pin what was seen."""
    there = host.client(fingerprint="AB:" * 31 + "AB")
    with pytest.raises(Unreachable) as raised:
        there.ask("vms")
    assert FINGERPRINT in raised.value.why
    assert host.asked == []


def test_without_a_pin_somebody_has_to_have_signed_it(host: Host) -> None:
    """Never `trust whatever answers`."""
    with pytest.raises(Unreachable, match="not trusted"):
        host.client(fingerprint="").ask("vms")
    assert host.asked == []


def test_a_call_waits_longer_than_proxmox_does() -> None:
    """10 s for a lock and 30 s for another host: less would make each of them a doubt."""
    assert proxmox.TIMEOUT >= 60


def test_what_is_typed_by_hand(host: Host) -> None:
    """On the VM's own host, and the look after it."""
    assert host.client().by_hand(MAKE) == [["qm", "snapshot", "106", KEY], ["qm", "listsnapshot", "106"]]
    assert host.client().by_hand(DROP)[0] == ["qm", "delsnapshot", "106", KEY]


def test_nothing_else_is_asked_or_changed(host: Host) -> None:
    """A word that it does not know is a fault of ours that shows at once."""
    there = host.client()
    with pytest.raises(UnknownName):
        there.ask("weather")
    with pytest.raises(UnknownName):
        there.list("Pod")
    with pytest.raises(UnknownName):
        there.send(Change(REF, {"name": KEY}, {"name": "other"}), Seen(None), "7.1#1")
    assert there.ask("task", vm="106", name="nothing") == {}


def test_an_address_without_tls_is_refused(host: Host) -> None:
    """The token would go over the wire in the clear."""
    with pytest.raises(Usage):
        Proxmox("http://192.168.0.2:8006", host.pve.secret, host, host)
    assert Proxmox("192.168.0.2", host.pve.secret, host, host).port == 8006


def test_waiting_is_a_second_at_a_time(host: Host) -> None:
    """Nothing of Proxmox can be watched."""
    began = host.world.now
    host.client().watch("Snapshot", "106", "", 30.0)
    assert host.world.now - began == 1.0


@pytest.mark.world("subprocess")
def test_the_import_leaves_tls_warnings_on() -> None:
    """Proxmoxer silences urllib3's for the whole process; a Kubernetes API without a CA must still warn."""
    code = "import warnings, portkey_migrate.systems.proxmox, urllib3; warnings.warn('x', urllib3.exceptions.InsecureRequestWarning)"
    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert "InsecureRequestWarning" in ran.stderr
