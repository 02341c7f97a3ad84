"""Proxmox VE's API as far as it is used here: an own table of endpoints, refused as PVE refuses (components §8; data/pve checks the table).

What surprises: the text of an error is the HTTP reason phrase; a missing VM is a 500; a mutating call answers with a UPID and fails, if it
does, in the task: whoever does not read `exitstatus` has made no snapshot. A boolean is 0 or 1, and `True` is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import parse_qsl

from portkey_migrate.lab.truth import assumed, documented, read

if TYPE_CHECKING:
    from portkey_migrate.lab.api import Request
    from portkey_migrate.lab.world import World

FACTS = (
    documented("endpoints, parameters, and which make a task", "https://pve.proxmox.com/pve-docs/api-viewer/"),
    read(
        "the words for a parameter that is missing, unknown or of another type",
        "pve-common src/PVE/JSONSchema.pm check_prop, check_object, check_type",
    ),
    read("a boolean is 0 or 1", "pve-common src/PVE/JSONSchema.pm check_type"),
    read("a name that is taken, a snapshot that is not there", "pve-guest-common src/PVE/AbstractConfig.pm __snapshot_prepare, snapshot_delete"),
    read("a rollback stops the VM and makes the snapshot its parent", "pve-guest-common src/PVE/AbstractConfig.pm snapshot_rollback"),
    assumed("an error is the reason phrase, a missing VM a 500, a lock has these words", "from reports of users; no Proxmox VE was asked", "either"),
)

HOST, PORT, CLUSTER = "pve.lab", 8006, "proxmox"
USER, TOKEN = "migrate@pve", "portkey"
_MOST_NAME = 40
_PRIVILEGES = frozenset({"VM.Audit", "VM.Snapshot", "VM.Snapshot.Rollback", "Sys.Audit"})


class Param(NamedTuple):
    """One parameter of an endpoint. `form`: "" free, id (pve-configid), enum words by `|`."""

    type: str  # string | boolean | integer
    required: bool = False
    form: str = ""


class Endpoint(NamedTuple):
    method: str
    path: str  # with {names}
    params: Mapping[str, Param]
    privilege: str  # on /vms/{vmid}; "" for anybody who is logged in
    does: str  # the method of `Pve`
    task: bool = False


_NAME = Param("string", required=True, form="id")
TABLE: tuple[Endpoint, ...] = (
    Endpoint("GET", "/version", {}, "", "version"),
    Endpoint("GET", "/cluster/resources", {"type": Param("string", form="vm|storage|node|sdn")}, "", "resources"),
    Endpoint("GET", "/nodes", {}, "", "nodes"),
    Endpoint("GET", "/nodes/{node}/qemu/{vmid}/status/current", {}, "VM.Audit", "current"),
    Endpoint("GET", "/nodes/{node}/qemu/{vmid}/snapshot", {}, "VM.Audit", "snapshots"),
    Endpoint(
        "POST",
        "/nodes/{node}/qemu/{vmid}/snapshot",
        {"snapname": _NAME, "description": Param("string"), "vmstate": Param("boolean")},
        "VM.Snapshot",
        "snapshot",
        task=True,
    ),
    Endpoint("DELETE", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}", {"force": Param("boolean")}, "VM.Snapshot", "remove", task=True),
    Endpoint("POST", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback", {"start": Param("boolean")}, "VM.Snapshot", "roll_back", task=True),
    Endpoint("GET", "/nodes/{node}/tasks/{upid}/status", {}, "", "task_status"),
    Endpoint(
        "GET", "/nodes/{node}/tasks/{upid}/log", {"start": Param("integer"), "limit": Param("integer")}, "", "task_log"
    ),
    Endpoint("GET", "/access/permissions", {"path": Param("string"), "userid": Param("string")}, "", "permissions"),
)  # fmt: skip


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    reason: str


class PveError(Exception):
    def __init__(self, status: int, reason: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.errors = status, reason, errors


class Snapshot(NamedTuple):
    name: str
    description: str
    snaptime: int
    parent: str
    vmstate: bool
    state: str = ""  # prepare, delete: a task is at it


@dataclass
class Vm:
    vmid: int
    name: str
    node: str
    status: str = "running"
    lock: str = ""  # snapshot, snapshot-delete, rollback, backup
    parent: str = ""  # the snapshot that what runs came from
    snapshots: list[Snapshot] = field(default_factory=list)
    times_rolled_back: int = 0


@dataclass
class Task:
    upid: str
    node: str
    pid: int
    type: str
    id: str
    start: float
    exitstatus: str = ""  # "" while it runs
    log: list[str] = field(default_factory=list)


class Pve:
    """The world's part `pve`."""

    def __init__(self, world: World, vms: list[Vm]) -> None:
        self.world = world
        self.vms = {one.vmid: one for one in vms}
        self.tasks: dict[str, Task] = {}
        self.pids = 40000
        self.privileges = set(_PRIVILEGES)
        self.secret = ""
        self.afterwards: list[tuple[Callable[..., None], tuple[Any, ...]]] = []  # what happens when a snapshot was made (situations)

    # ---- one request ----

    def handle(self, request: Request) -> Reply:
        try:
            self._known(request)
            data = self._does(request)
        except PveError as error:
            body: dict[str, Any] = {"data": None, "message": f"{error.reason}\n"}
            if error.errors is not None:
                body["errors"] = dict(error.errors)
            raw = b"" if error.status == 401 else json.dumps(body).encode()  # noqa: PLR2004 (its body is empty)
            return Reply(error.status, {"Content-Type": "application/json;charset=UTF-8"}, raw, error.reason)
        return Reply(200, {"Content-Type": "application/json;charset=UTF-8"}, json.dumps({"data": data}).encode(), "OK")

    def _known(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not given:
            raise PveError(401, "No ticket")
        if given != f"PVEAPIToken={self.secret}":
            raise PveError(401, "invalid token value!")

    def _does(self, request: Request) -> Any:
        path = request.path.removeprefix("/api2/json")
        found = next(((one, match) for one in TABLE if one.method == request.method and (match := _pattern(one).fullmatch(path))), None)
        if found is None:
            raise PveError(501, f"Method '{request.method} {path}' not implemented")
        endpoint, match = found
        names = match.groupdict()
        given = _checked(endpoint, _given(request), names)
        vm = None
        if "vmid" in names:
            if endpoint.privilege not in self.privileges:
                raise PveError(403, f"Permission check failed (/vms/{names['vmid']}, {endpoint.privilege})")
            vm = self.vms.get(int(names["vmid"]))
            if vm is None or vm.node != names["node"]:
                raise PveError(500, f"Configuration file 'nodes/{names['node']}/qemu-server/{names['vmid']}.conf' does not exist")
        return getattr(self, f"_{endpoint.does}")(vm, names, given, request)

    # ---- looking ----

    def _version(self, *_: Any) -> Any:
        return {"version": "9.1.3", "release": "9.1", "repoid": "e5010dce"}

    def _nodes(self, *_: Any) -> Any:
        return [{"node": node, "status": "online", "type": "node", "id": f"node/{node}"} for node in sorted({vm.node for vm in self.vms.values()})]

    def _resources(self, _: Any, __: Any, given: Mapping[str, str], ___: Any) -> Any:
        """Filtered by what one may see: an empty list may mean no rights."""
        out: list[dict[str, Any]] = []
        if given.get("type", "vm") == "vm" and "VM.Audit" in self.privileges:
            for vm in self.vms.values():
                one = {"id": f"qemu/{vm.vmid}", "type": "qemu", "vmid": vm.vmid, "name": vm.name, "node": vm.node, "status": vm.status, "template": 0}
                out.append({**one, **({"lock": vm.lock} if vm.lock else {})})
        if given.get("type", "node") == "node":
            out += self._nodes()
        return out

    def _current(self, vm: Vm, *_: Any) -> Any:
        return {"vmid": vm.vmid, "name": vm.name, "status": vm.status, "qmpstatus": vm.status, **({"lock": vm.lock} if vm.lock else {})}

    def _snapshots(self, vm: Vm, *_: Any) -> Any:
        out: list[dict[str, Any]] = []
        for one in vm.snapshots:
            said: dict[str, Any] = {"name": one.name, "description": one.description, "snaptime": one.snaptime, "vmstate": int(one.vmstate)}
            out.append({**said, **({"parent": one.parent} if one.parent else {}), **({"snapstate": one.state} if one.state else {})})
        now = {"name": "current", "description": "You are here!", "digest": "0" * 40, "running": int(vm.status == "running")}
        return [*out, {**now, **({"parent": vm.parent} if vm.parent else {})}]

    def _task(self, names: Mapping[str, str]) -> Task:
        task = self.tasks.get(names["upid"])
        if task is None or task.node != names["node"]:
            raise PveError(500, f"unable to parse worker upid '{names['upid']}'" if not names["upid"].startswith("UPID:") else "no such task")
        return task

    def _task_status(self, _: Any, names: Mapping[str, str], *__: Any) -> Any:
        task = self._task(names)
        said = {"upid": task.upid, "node": task.node, "pid": task.pid, "type": task.type, "id": task.id, "user": USER, "tokenid": TOKEN}
        ended = {"status": "stopped", "exitstatus": task.exitstatus} if task.exitstatus else {"status": "running"}
        return {**said, "starttime": int(task.start), "pstart": task.pid * 10, **ended}

    def _task_log(self, _: Any, names: Mapping[str, str], *__: Any) -> Any:
        return [{"n": n, "t": line} for n, line in enumerate(self._task(names).log, 1)]

    def _permissions(self, *_: Any) -> Any:
        return {"/vms": dict.fromkeys(sorted(self.privileges), 1)}

    # ---- tasks ----

    def _snapshot(self, vm: Vm, _: Any, given: Mapping[str, str], request: Request) -> str:
        name = given["snapname"]
        fault = ""
        if any(one.name == name for one in vm.snapshots):
            fault = f"snapshot name '{name}' already used"
        made = (name, given.get("description", ""), given.get("vmstate") == "1")
        return self._begins(vm, "qmsnapshot", "snapshot", fault, "made", made, request, name)

    def _remove(self, vm: Vm, names: Mapping[str, str], _: Any, request: Request) -> str:
        name = names["snapname"]
        fault = "" if any(one.name == name for one in vm.snapshots) else f"snapshot '{name}' does not exist"
        return self._begins(vm, "qmdelsnapshot", "snapshot-delete", fault, "removed", (name,), request, name)

    def _roll_back(self, vm: Vm, names: Mapping[str, str], _: Any, request: Request) -> str:
        name = names["snapname"]
        fault = "" if any(one.name == name for one in vm.snapshots) else f"snapshot '{name}' does not exist"
        return self._begins(vm, "qmrollback", "rollback", fault, "rolled_back", (name,), request, name)

    def _begins(self, vm: Vm, kind: str, lock: str, fault: str, then: str, args: tuple[Any, ...], request: Request, name: str) -> str:
        """A worker starts: the answer is its UPID, whatever becomes of it."""
        world = self.world
        self.pids += 1
        upid = f"UPID:{vm.node}:{self.pids:08X}:{self.pids * 10:08X}:{int(world.now):08X}:{kind}:{vm.vmid}:{USER}:"
        self.tasks[upid] = Task(upid, vm.node, self.pids, kind, str(vm.vmid), world.now)
        fault = f"VM is locked ({vm.lock})" if vm.lock else fault
        self._write_down(request, kind, f"{vm.vmid}/{name}", changed=not fault)
        if fault:
            world.schedule(world.now + 0.5, "pve.fails", upid, fault)
        else:
            vm.lock = lock
            if then == "made":  # its entry stands while it is made
                vm.snapshots.append(Snapshot(name, args[1], int(world.now), vm.parent, args[2], "prepare"))
            elif then == "removed":
                vm.snapshots = [one._replace(state="delete") if one.name == name else one for one in vm.snapshots]
            world.schedule(world.now + world.latency("vm-snapshot"), "pve.ends", upid, vm.vmid, then, args)
        return upid

    def fails(self, upid: str, why: str) -> None:
        """Not raised anywhere: it stands in the task alone."""
        self.tasks[upid].exitstatus = why
        self.tasks[upid].log += [f"TASK ERROR: {why}"]

    def ends(self, upid: str, vmid: int, then: str, args: tuple[Any, ...]) -> None:
        vm = self.vms.get(vmid)
        if vm is None:
            self.fails(upid, f"Configuration file 'nodes/{self.tasks[upid].node}/qemu-server/{vmid}.conf' does not exist")
            return
        vm.lock = ""
        getattr(self, then)(vm, *args)
        self.tasks[upid].exitstatus = "OK"
        self.tasks[upid].log += ["TASK OK"]
        if then == "made":
            for act, more in list(self.afterwards):
                act(self.world, *more)

    def made(self, vm: Vm, name: str, description: str, vmstate: bool) -> None:  # noqa: FBT001 (an event's arguments are a tuple)
        del description, vmstate
        vm.snapshots = [one._replace(state="") if one.name == name else one for one in vm.snapshots]
        vm.parent = name

    def removed(self, vm: Vm, name: str) -> None:
        """Whatever came from it comes from its own parent now."""
        gone = next(one for one in vm.snapshots if one.name == name)
        vm.snapshots = [one._replace(parent=gone.parent) if one.parent == name else one for one in vm.snapshots if one.name != name]
        vm.parent = gone.parent if vm.parent == name else vm.parent

    def rolled_back(self, vm: Vm, name: str) -> None:
        vm.parent, vm.status = name, "stopped"
        vm.times_rolled_back += 1

    def _write_down(self, request: Request, verb: str, name: str, *, changed: bool) -> None:
        ledger = self.world.store.ledger
        ledger.append({
            "seq": len(ledger) + 1, "t": self.world.now, "cluster": CLUSTER, "actor": request.actor, "session": request.session,
            "token": request.headers.get("x-portkey-step", ""), "verb": verb, "kind": "Snapshot", "namespace": "", "name": name,
            "changed": changed, "status": 200,
        })  # fmt: skip


def pve(world: World) -> Pve:
    return cast("Pve", world.parts["pve"])


# ---- parameters ----


def _pattern(endpoint: Endpoint) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", endpoint.path))


def _given(request: Request) -> dict[str, str]:
    out = dict(request.query)
    if request.body:
        if "json" in request.headers.get("content-type", ""):
            out |= {key: str(value) for key, value in json.loads(request.body).items()}
        else:
            out |= dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    return out


def _checked(endpoint: Endpoint, given: dict[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Every fault at once, by parameter, as pve-common writes them."""
    faults: dict[str, str] = {}
    for name in given:
        if name not in endpoint.params and name not in names:
            faults[name] = "property is not defined in schema and the schema does not allow additional properties"
    for name, param in endpoint.params.items():
        if name not in given:
            if param.required:
                faults[name] = "property is missing and it is not optional"
        elif fault := _fault(param, given[name]):
            faults[name] = fault
    for name in ("vmid", "snapname"):
        if name in names and (fault := _fault(Param("integer" if name == "vmid" else "string", form="" if name == "vmid" else "id"), names[name])):
            faults[name] = fault
    if faults:
        raise PveError(400, "Parameter verification failed.", faults)
    return given


def _fault(param: Param, value: str) -> str:
    if param.type == "boolean" and value not in ("0", "1"):
        return f"type check ('boolean') failed - got '{value}'"
    if param.type == "integer" and not value.isdigit():
        return f"type check ('integer') failed - got '{value}'"
    if param.form == "id":
        if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_-]+", value):
            return f"invalid format - invalid configuration ID '{value}'\n"
        if len(value) > _MOST_NAME:
            return f"value may only be {_MOST_NAME} characters long"
    elif "|" in param.form and value not in param.form.split("|"):
        return f"value '{value}' does not have a value in the enumeration '{param.form.replace('|', ', ')}'"
    return ""
