"""Proxmox VE: snapshots of VMs. The only home of `proxmoxer` and `requests`.

A mutating call answers with a task's id and fails, if it does, in the task: who does not read `exitstatus` has made no snapshot. An error's
text is the HTTP reason phrase, and a VM that is not there is a 500 (components §8). proxmoxer waits 5 s, less than Proxmox's own wait for a
lock, and its import silences every TLS warning of the process: both are undone here.
"""

from __future__ import annotations

import builtins
import json
import re
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from portkey_migrate import __version__
from portkey_migrate.errors import Conflict, NoReply, SendRefused, UnknownName, Unreachable, Usage
from portkey_migrate.model import Change, Ref, Seen
from portkey_migrate.ports import Clock, Transport
from portkey_migrate.systems.kube.wire import CONNECT, pool_over

with warnings.catch_warnings():  # proxmoxer ignores urllib3's warnings for the whole process when it is imported
    from proxmoxer.backends.https import Backend
    from proxmoxer.core import ProxmoxResource, ResourceException

TIMEOUT = 60.0  # seconds without a byte: Proxmox waits 10 s for a lock and 30 s for another node before it answers
_AGAIN = (0.2, 1.0)  # seconds before a read is repeated
_BETWEEN = 1.0  # seconds between two looks at what is waited for
_PORT = 8006
_SERVER = 500
_TOKEN = re.compile(r"(?P<user>[^\s!@=]+@[^\s!@=]+)!(?P<name>[^\s!=]+)=(?P<secret>\S+)")
_NOT_THERE = "does not exist"
#: A 500 whose reason says that the call was given up before a task began; any other may have had its effect.
_CLEARLY_NO = re.compile(r"does not exist|is locked|got timeout|already used|not available|is a template|Permission check failed")
#: While Proxmox works on a VM's snapshots, nobody can say which ones there are.
_AT_WORK = frozenset({"snapshot", "snapshot-delete", "rollback"})
_SEEN_PRINT = re.compile(r'got "([0-9a-fA-F]+)"')


class _NotThere(Unreachable):
    """Proxmox knows no such VM on that node."""


class Proxmox:
    """A cluster of Proxmox VE hosts. Thread-safe: a session belongs to its thread (a lab's connections belong to who opened them)."""

    def __init__(self, url: str, token: str, transport: Transport, clock: Clock, *, fingerprint: str = "") -> None:
        """`token`: `user@realm!name=secret`. `fingerprint`: SHA-256 of the certificate; without one a CA of this machine must have signed it."""
        parts, whole = urlsplit(url if "//" in url else f"https://{url}"), _TOKEN.fullmatch(token)
        if parts.scheme != "https" or not parts.hostname:
            raise Usage("the url of Proxmox is not https://HOST:8006", hint="migrate preflight")
        if whole is None:
            # Never quoted: whatever stands there instead may be a secret.
            raise Usage("the token of Proxmox is not USER@REALM!NAME=SECRET", hint="migrate preflight")
        self.host, self.port = parts.hostname, parts.port or _PORT
        self._who, self._transport, self._clock = whole, transport, clock
        self._fingerprint = fingerprint.replace(":", "").lower()
        self._own = threading.local()
        self._lock = threading.Lock()
        self._sent: set[str] = set()
        self._tasks: dict[tuple[str, str], str] = {}  # (VM, snapshot) → the task that our newest call began

    # ---- looks ----

    def read(self, ref: Ref) -> Seen:
        """One snapshot. While Proxmox works on the VM's snapshots it is not listed yet, or still: then nobody can say."""
        vm = self._vm(ref.namespace)
        if vm is None:
            return Seen(None)
        # The lock first: once it is free, the list that is read after it is what became of the work.
        if vm.get("lock") in _AT_WORK:
            raise Unreachable(f"VM {ref.namespace} is locked ({vm['lock']}): Proxmox works on its snapshots")
        for one in self._snapshots(vm):
            if one["name"] == ref.name:
                when = str(one.get("snaptime", ""))
                return Seen(one, when, f"{ref.namespace}/{ref.name}/{when}", one.get("snapstate") == "delete")
        return Seen(None)

    def list(self, kind: str, namespace: str = "") -> tuple[Sequence[Mapping[str, Any]], str]:
        """`VM`: all that may be seen (an empty list may mean no rights). `Snapshot`: of the VM whose id is the namespace."""
        if kind == "VM":
            return [{"metadata": {"name": str(one["vmid"])}, **one} for one in self._vms()], ""
        if kind != "Snapshot" or not namespace:
            raise UnknownName(f"Proxmox has no list of {kind} {namespace}")
        vm = self._vm(namespace)
        return [{"metadata": {"name": one["name"], "namespace": namespace}, **one} for one in (self._snapshots(vm) if vm else [])], ""

    def watch(self, kind: str, namespace: str, since: str, timeout: float) -> None:
        """Nothing of Proxmox can be watched: a second, then the next look. A task takes 5-60 s, and each look is two requests to a small machine."""
        self._clock.sleep(min(timeout, _BETWEEN))

    def ask(self, question: str, **values: Any) -> Mapping[str, Any]:
        """`vms` → {id: {name, node, status, lock}}; `task` (vm, name) → {upid, status, exitstatus}, {} where this process began none; `version`."""
        match question:
            case "vms":
                return {str(one["vmid"]): {key: one.get(key, "") for key in ("name", "node", "status", "lock")} for one in self._vms()}
            case "task":
                upid = self._tasks.get((str(values["vm"]), str(values["name"])), "")
                return self.task(upid) if upid else {}
            case "version":
                return dict(self._get("its version", "version"))
        raise UnknownName(f"Proxmox is not asked {question!r}")

    def task(self, upid: str) -> Mapping[str, Any]:
        """What became of a task: `status` running or stopped, then `exitstatus`: `OK`, `WARNINGS: n`, or the error."""
        said = self._get("a task", "nodes", upid.split(":")[1], "tasks", upid, "status")
        return {"upid": upid, "status": said.get("status", ""), "exitstatus": said.get("exitstatus", "")}

    # ---- the one mutating call ----

    def send(self, change: Change, seen: Seen, token: str) -> None:
        ref = change.ref
        vm = self._vm(ref.namespace)
        if vm is None:
            raise SendRefused(404, "NotFound", f"VM {ref.namespace} is not there")
        at = ("nodes", vm["node"], "qemu", ref.namespace, "snapshot")
        match change.call:
            case "create":
                upid = self._write("POST", ref, token, *at, snapname=ref.name, **change.along)
            case "delete":
                upid = self._write("DELETE", ref, token, *at, ref.name)
            case other:
                raise UnknownName(f"a snapshot is not changed ({other})")
        self._tasks[ref.namespace, ref.name] = upid

    def roll_back(self, vm: str, name: str, token: str, *, start: bool = False) -> str:
        """The VM as it was; its task. No recipe calls it: an etcd member that comes back older than it was breaks its cluster (domain B56, B57)."""
        there = self._vm(vm)
        if there is None:
            raise SendRefused(404, "NotFound", f"VM {vm} is not there")
        ref = Ref("proxmox", "Snapshot", vm, name)
        return self._write("POST", ref, token, "nodes", there["node"], "qemu", vm, "snapshot", name, "rollback", start=start)

    def by_hand(self, change: Change) -> builtins.list[builtins.list[str]]:
        """To be typed on the VM's host: `qm` knows the VMs of its own host alone."""
        vm, name = change.ref.namespace, change.ref.name
        verb = ["qm", "delsnapshot", vm, name] if change.after is None else ["qm", "snapshot", vm, name]
        return [verb, ["qm", "listsnapshot", vm]]

    # ---- inside ----

    def _vms(self) -> builtins.list[dict[str, Any]]:
        return [one for one in self._get("its VMs", "cluster", "resources", type="vm") if one.get("type", "qemu") == "qemu"]

    def _vm(self, vm: str) -> dict[str, Any] | None:
        return next((one for one in self._vms() if str(one["vmid"]) == vm), None)

    def _snapshots(self, vm: Mapping[str, Any]) -> builtins.list[dict[str, Any]]:
        try:
            said = self._get(f"the snapshots of VM {vm['vmid']}", "nodes", vm["node"], "qemu", str(vm["vmid"]), "snapshot")
        except _NotThere:
            # Listed a moment ago: it moved to another host meanwhile, and its snapshots with it.
            raise Unreachable(f"VM {vm['vmid']} is no more on {vm['node']}") from None
        return [{**one, "description": str(one.get("description") or "").strip()} for one in said if one["name"] != "current"]

    def _get(self, what: str, *path: str, **values: Any) -> Any:
        """One GET, repeated when the connection broke or Proxmox failed."""
        last = ""
        for wait in (*_AGAIN, 0.0):
            try:
                return self._api().get(*path, **_plain(values))
            except ResourceException as error:
                said = _said(error)
                if _NOT_THERE in said:
                    raise _NotThere(f"Proxmox does not know {what}", why=said) from None
                if error.status_code < _SERVER:
                    raise Unreachable(f"Proxmox refuses to show {what}", why=said, status=error.status_code) from None
                last = said
            except requests.exceptions.SSLError as error:
                raise self._not_that_one(error) from None
            except requests.exceptions.RequestException as error:
                last = type(error).__name__
            if wait:
                self._clock.sleep(wait)
        raise Unreachable("Proxmox does not answer", why=f"{what} at {self.host}:{self.port}: {last}")

    def _write(self, method: str, ref: Ref, token: str, *path: str, **values: Any) -> str:
        """The one call, and the id of its task. Never repeated: a reply that did not come says nothing."""
        with self._lock:
            if token in self._sent:
                raise RuntimeError(f"{token} was sent before: one attempt is one call")
            self._sent.add(token)
        api = self._api()
        self._own.session.headers["X-Portkey-Step"] = token
        try:
            call = api.post if method == "POST" else api.delete
            return str(call(*path, **_plain(values)))
        except ResourceException as error:
            raise _judged(method, ref, error) from None
        except requests.exceptions.SSLError as error:
            raise self._not_that_one(error) from None
        except requests.exceptions.RequestException as error:
            raise NoReply(f"{method} {ref}: {type(error).__name__}") from None
        finally:
            del self._own.session.headers["X-Portkey-Step"]

    def _api(self) -> Any:
        api = getattr(self._own, "api", None)
        if api is None:
            who = self._who
            backend = Backend(
                self.host, user=who["user"], token_name=who["name"], token_value=who["secret"], port=str(self.port),
                verify_ssl=not self._fingerprint, timeout=(CONNECT, TIMEOUT),
            )  # fmt: skip
            session = backend.get_session()
            session.trust_env = False  # neither a proxy nor a .netrc of this machine is meant for the hypervisor
            session.headers["User-Agent"] = f"portkey-migrate/{__version__}"
            session.mount("https://", _Pinned(self._transport, self._fingerprint))
            self._own.session = session
            self._own.api = api = ProxmoxResource(base_url=backend.get_base_url(), session=session, serializer=backend.get_serializer())
        return api

    def _not_that_one(self, error: Exception) -> Unreachable:
        """The certificate is not the pinned one, or nobody whom this machine trusts signed it."""
        found = _SEEN_PRINT.search(str(error))
        if found is None:
            look = f"openssl s_client -connect {self.host}:{self.port} </dev/null | openssl x509 -noout -fingerprint -sha256"
            why = f"compare with the host's own, then set proxmox: {{fingerprint: …}}: {look}"
            return Unreachable(f"the certificate of {self.host} is not trusted", why=why)
        return Unreachable(
            f"the certificate of {self.host} is not the one that is pinned",
            why=f"if it was renewed, and the host itself shows the same: proxmox: {{fingerprint: {_colons(found[1])}}}",
        )


class _Pinned(HTTPAdapter):
    """Connections over what the transport gives, or the real network with the certificate compared to its fingerprint."""

    def __init__(self, transport: Transport, fingerprint: str) -> None:
        self._pool, self._print = pool_over(transport), fingerprint
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._print:
            kwargs["assert_fingerprint"] = self._print
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {**self.poolmanager.pool_classes_by_scheme, "https": self._pool}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Proxmox answers 400 to `True`: a boolean is 0 or 1 on its wire."""
    return {key: int(value) if isinstance(value, bool) else value for key, value in values.items()}


def _judged(method: str, ref: Ref, error: ResourceException) -> Exception:
    said = _said(error)
    if "already used" in said:
        return Conflict(f"{method} {ref}: {said}")
    if error.status_code >= _SERVER and error.status_code != 501 and not _CLEARLY_NO.search(said):  # noqa: PLR2004 (an unknown method)
        return NoReply(f"{method} {ref}: {error.status_code} {said}")
    return SendRefused(error.status_code, "Proxmox", said)


def _said(error: ResourceException) -> str:
    """The reason phrase, and which parameter was wrong."""
    errors = error.errors if isinstance(error.errors, Mapping) else {}
    wrong = {key: value for key, value in errors.items() if key != "errors"}
    return f"{error.content or error.status_message or error.status_code}{' ' + json.dumps(wrong) if wrong else ''}"[:300]


def _colons(digest: str) -> str:
    return ":".join(digest[n : n + 2] for n in range(0, len(digest), 2)).upper()
