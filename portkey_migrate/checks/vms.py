"""The VMs under the nodes: each has a snapshot of ours, and a young one. It is the last way back of all, for the nodes' disks alone (domain §4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from portkey_migrate.checks import check
from portkey_migrate.errors import Usage
from portkey_migrate.model import Answer, block, ok, unknown
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import ours

LIMIT = timedelta(hours=24)
_AGAIN = "migrate advance task vm-snapshots"


def _newest(at: At) -> dict[str, datetime | None] | Answer:
    """Of every VM of the plan that exists: when its newest whole snapshot of ours was made; an answer where that cannot be known."""
    if at.plan is None:
        return unknown("the plan's VMs are not known here")
    try:
        there = {one["metadata"]["name"]: one for one in at.list("proxmox", "VM")}
    except Usage as error:  # no setting: a person reads it beside the other answers, and it is no fault of theirs
        return unknown(error.what, error.why, cluster="proxmox")
    out: dict[str, datetime | None] = {}
    for node in at.plan.nodes.values():
        if str(node.vm) in there:
            made = [one for one in at.list("proxmox", "Snapshot", str(node.vm)) if ours([one["name"]]) and not one.get("snapstate")]
            times = [datetime.fromtimestamp(int(one["snaptime"]), tz=UTC) for one in made]
            out[f"{node.name} (VM {node.vm})"] = max(times, default=None)
    if not out and at.plan.nodes:
        seen = {"value": 0, "threshold": len(at.plan.nodes), "cluster": "proxmox"}
        return unknown("Proxmox shows none of the plan's VMs", "give the token VM.Audit on /vms", **seen)
    return out


@check(guards=("prepared",), methods=("handover",), situation="no-vm-snapshot", asked_of=("proxmox",), sources="domain 3.5 no. 90, B59")
def vm_snapshot_exists(at: At) -> Answer:
    """Every VM of the plan that exists has a snapshot from before anything moved."""
    newest = _newest(at)
    if isinstance(newest, Answer):
        return newest
    bare = [vm for vm, made in newest.items() if made is None]
    seen: dict[str, Any] = {"value": len(newest) - len(bare), "threshold": len(newest), "cluster": "proxmox"}
    oldest = min((made for made in newest.values() if made is not None), default=None)
    seen["oldest"] = oldest.isoformat() if oldest else None  # text, for `-o json` prints it; screens tell the age from it, days later too
    if bare:
        return block(f"no snapshot of ours: {', '.join(bare)}", _AGAIN, **seen)
    return ok(f"{len(newest)} of {len(newest)} VMs have one", **seen)


@check(guards=("prepared",), methods=("handover",), situation="vm-snapshot-too-old", asked_of=("proxmox",), sources="domain 3.5 no. 90; lab.md 20a")
def vm_snapshot_is_fresh(at: At) -> Answer:
    """No VM's newest snapshot is older than 24 hours: what it would bring back is the machine of yesterday, not of last month."""
    newest = _newest(at)
    if isinstance(newest, Answer):
        return newest
    ages = {vm: at.now() - made for vm, made in newest.items() if made is not None}
    old = [f"{vm} {_hours(age)}" for vm, age in ages.items() if age > LIMIT]
    seen = {"value": _hours(max(ages.values(), default=timedelta())), "threshold": _hours(LIMIT), "cluster": "proxmox"}
    if old:
        return block(f"the snapshot is too old: {', '.join(old)}; {_hours(LIMIT)} is the limit", _AGAIN, **seen)
    if not ages:  # "0 min old" would be said of nothing
        return ok("none to be too old; whether there is one is asked by vm-snapshot-exists", **{**seen, "value": "none"})
    return ok(f"the oldest is {seen['value']} old, limit {_hours(LIMIT)}", **seen)


def _hours(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds() // 60))
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004 (an hour)
