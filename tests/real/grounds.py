"""The two grounds of the differential test: a script is run on the real server, or on the lab, and gives one answer a step.

The lab is asked through `handle`, without its door: the door is what the contract suite goes through, here it would only cost time.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import yaml

from portkey_migrate.lab.api import Request, Response, Watch, handle
from portkey_migrate.lab.api.lifecycle import GarbageCollector, Namespaces, Protection
from portkey_migrate.lab.api.rights import ADMIN, User
from portkey_migrate.lab.ceph import Ceph
from portkey_migrate.lab.controllers.binder import Binder
from portkey_migrate.lab.controllers.deployment import Deployments
from portkey_migrate.lab.controllers.disruption import DisruptionBudgets
from portkey_migrate.lab.controllers.quota import Quotas
from portkey_migrate.lab.controllers.replicaset import ReplicaSets
from portkey_migrate.lab.controllers.statefulset import StatefulSets
from portkey_migrate.lab.store import By
from portkey_migrate.lab.world import World
from tests.real.cluster import Cluster
from tests.real.sameness import Told, looked_at, told, told_events
from tests.real.script import Memory, Script, Step, resource_of

_serial = itertools.count(1)
#: How long the real controllers may take: the binder's resync is 15 s, two of them were seen (real/ C).
PATIENCE = 40.0
#: So many looks in a row have to agree, a tenth of a second apart: what agrees for a moment may be on its way elsewhere.
_AT_REST = 4
#: A watch that has told as much as the lab's is listened to this much longer, for what it should not say.
_STILL = 0.03
#: The server closes a connection that nobody used for 90 s; other tests may run for longer between two of ours.
_IDLE = 30.0
#: Admission hears of a changed quota by its own watch, a few milliseconds later; the lab's looks itself.
_QUOTAS_ARE_HEARD = 0.1


class Ran(NamedTuple):
    """What one ground said: one entry a step, then one a watch."""

    answers: list[Told]
    requests: int


_INHABITANTS = (Namespaces, GarbageCollector, Protection, Quotas, Binder, DisruptionBudgets, Deployments, ReplicaSets, StatefulSets)


def space_of(script: Script) -> str:
    """A Namespace's name that no other run of this process or of another on the same server has."""
    return f"d{os.getpid()}-{next(_serial)}"


def _sent(step: Step, space: str, memory: Memory) -> tuple[str, bytes | None]:
    path = memory.filled(step.path.replace("{ns}", space))
    if step.body is None:
        return path, None
    text = step.body if isinstance(step.body, str) else json.dumps(step.body)
    return path, memory.filled(text.replace("{ns}", space)).encode()


def _target(path: str) -> str:
    return quote(path, safe="/?&=%,:+()!<>~-._*")


class Lab:
    """The lab's API on a fresh world for each script."""

    def __init__(self, script: Script, space: str) -> None:
        self.world = World(1, "differential")
        self.world.store.add_cluster("lab")
        self.world.tokens["lab"] = {"admin": User("admin", ("system:authenticated", "system:masters"), (ADMIN,))}
        self.world.releases["lab"] = "v1.35.4"
        for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
            home = {"metadata": {"name": name}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
            self.world.store.create("lab", "Namespace", home, By("world"))
        self.space, self.memory = space, Memory()
        self.watches: list[tuple[str, Watch]] = []
        self.inhabitants = [make("lab") for make in _INHABITANTS] if script.controllers else []
        if self.inhabitants:
            self.world.parts["ceph"] = Ceph()  # the binder tells it of volumes that go; here none has an image
            self.world.store.on_change.append(self._changed)
            for one in self.inhabitants:
                self.world.add(one)  # type: ignore[arg-type]  # its `kinds` are told by `_changed`, as in a whole world by its town

    def _changed(self, cluster: str, kind: str, namespace: str, name: str, old: Any, new: Any) -> None:
        for one in self.inhabitants:
            if kind in one.looks_at and (due := one.touch(self.world, kind, namespace, name, old, new)) is not None:
                self.world.wake(one.name, due)

    def ask(self, step: Step) -> tuple[int, Any] | Watch:
        path, body = _sent(step, self.space, self.memory)
        body = None if step.method == "SETTLE" else body
        if step.method == "WATCH":
            path += ("&" if "?" in path else "?") + "watch=true"
        method = "GET" if step.method in ("WATCH", "SETTLE") else step.method
        headers = {"Authorization": "Bearer admin", "Content-Type": step.content, "Accept": "application/json"}
        said = handle(self.world, "lab", Request.of(method, _target(path), headers, body or b""))
        if isinstance(said, Response):
            json_said = "json" in said.headers.get("Content-Type", "")
            return said.status, json.loads(said.body) if json_said else said.body.decode()
        return said

    def settle(self, step: Step) -> None:
        self.world.run_until(self.world.now + PATIENCE)

    def run(self, script: Script) -> Ran:
        answers: list[Told] = []
        for step in script.steps:
            if step.method == "SETTLE":
                self.settle(step)
            said = self.ask(step)
            if isinstance(said, Watch):
                self.watches.append((resource_of(step.path), said))
                answers.append(Told(200, "", {}))
                continue
            status, body = said
            self.memory.learn(resource_of(step.path), body)
            said_ = told(status, body, self.memory, resource_of(step.path))
            answers.append(looked_at(said_, step.body) if step.method == "SETTLE" else said_)
        for resource, watch in self.watches:
            events = [json.loads(line) for line in watch.take().splitlines()]
            answers.append(told_events(events, self.memory, resource))
        return Ran(answers, len(script.steps))


class Real:
    """One connection to a real server; scripts one after the other, each in a Namespace of its own."""

    def __init__(self, cluster: Cluster) -> None:
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        where = urlsplit(config["clusters"][0]["cluster"]["server"])
        self.host, self.port = where.hostname or "", where.port or 443
        authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=authority)
        self.headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}", "Accept": "application/json"}
        self.kept = http.client.HTTPSConnection(self.host, self.port, timeout=30, context=self.tls)
        self.used = time.monotonic()

    def close(self) -> None:
        self.kept.close()

    def ask(self, step: Step, space: str, memory: Memory) -> tuple[int, Any]:
        path, body = _sent(step, space, memory)
        method, body = ("GET", None) if step.method == "SETTLE" else (step.method, body)
        if time.monotonic() - self.used > _IDLE:
            self.kept.close()  # the next request opens it anew
        self.used = time.monotonic()
        self.kept.request(method, _target(path), body, {**self.headers, "Content-Type": step.content})
        said = self.kept.getresponse()
        text = said.read()
        return said.status, json.loads(text) if "json" in (said.getheader("Content-Type") or "") else text.decode()

    def run(self, script: Script, space: str, lab: list[Told]) -> Ran:
        """`lab`: what the lab said, so that a watch, and a controller, is listened to until it has said as much, or for its time."""
        memory, answers, watches = Memory(), [], []
        for number, step in enumerate(script.steps):
            if step.method == "WATCH":
                path, _ = _sent(step, space, memory)
                status, body, watch = self._watched(path)
                if watch is not None:
                    watches.append((resource_of(step.path), watch))
                    answers.append(Told(200, "", {}))
                    continue
            else:
                status, body = self.ask(step, space, memory)
            if resource_of(step.path) == "resourcequotas" and step.method not in ("GET", "WATCH") and status < 300:
                time.sleep(_QUOTAS_ARE_HEARD)
            answers.append(self._told(step, number, status, body, space, memory, lab))
        ends = lab[len(script.steps) :]
        for (resource, watch), end in itertools.zip_longest(watches, ends):
            if watch is not None:
                answers.append(told_events(watch.events(len(end.body) if end else 0), memory, resource))
        return Ran(answers, len(script.steps))

    def _told(self, step: Step, number: int, status: int, body: Any, space: str, memory: Memory, lab: list[Told]) -> Told:
        resource = resource_of(step.path)
        until, alike = time.monotonic() + PATIENCE, 0
        while True:
            memory.learn(resource, body)
            said = told(status, body, memory, resource)
            said = looked_at(said, step.body) if step.method == "SETTLE" else said
            if step.method != "SETTLE" or number >= len(lab) or time.monotonic() > until:
                return said
            alike = alike + 1 if said.settled == lab[number].settled else 0
            if alike == _AT_REST:
                return said
            time.sleep(0.1)
            status, body = self.ask(step, space, memory)

    def _watched(self, path: str) -> tuple[int, Any, _Open | None]:
        path += ("&" if "?" in path else "?") + "watch=true&timeoutSeconds=20"
        one = _Open(self, _target(path))
        if one.status == 200:
            return 200, {}, one
        body = one.whole()
        return one.status, body, None


class _Open:
    """A watch on a connection of its own."""

    def __init__(self, real: Real, target: str) -> None:
        raw = socket.create_connection((real.host, real.port), timeout=30)
        self.socket = real.tls.wrap_socket(raw, server_hostname=real.host)
        lines = [f"GET {target} HTTP/1.1", f"Host: {real.host}:{real.port}", *(f"{name}: {value}" for name, value in real.headers.items())]
        self.socket.sendall("\r\n".join((*lines, "", "")).encode())
        self.unread, self.over = b"", False
        self.status = 0
        while b"\r\n\r\n" not in self.unread:
            data = self.socket.recv(65536)
            if not data:
                break
            self.unread += data
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])
        found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        self.length = int(found.group(1)) if found else None

    def whole(self) -> Any:
        """The body of a refusal."""
        while self.length is None or len(self.unread) < self.length:
            data = self.socket.recv(65536)
            if not data:
                break
            self.unread += data
        self.socket.close()
        return json.loads(self.unread) if self.unread.startswith(b"{") else self.unread.decode()

    def events(self, count: int) -> list[dict[str, Any]]:
        """At least so many, within a moment; then whatever else comes at once."""
        seen: list[dict[str, Any]] = []
        until = time.monotonic() + 3.0
        for line in self._lines(lambda: _STILL if len(seen) >= count else max(until - time.monotonic(), _STILL)):
            seen.append(json.loads(line))  # noqa: PERF401 - how long a line is waited for depends on how many are there
        self.socket.close()
        return seen

    def _lines(self, patience: Any) -> Iterator[bytes]:
        text = b""
        while True:
            size, end, rest = self.unread.partition(b"\r\n")
            if end and len(rest) >= int(size, 16) + 2:
                many = int(size, 16)
                if not many:
                    return
                text, self.unread = text + rest[:many], rest[many + 2 :]
                *lines, text = text.split(b"\n")
                yield from (line for line in lines if line.strip())
                continue
            self.socket.settimeout(patience())
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return
            if not data:
                return
            self.unread += data
