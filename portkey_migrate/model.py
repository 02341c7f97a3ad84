"""The nouns, frozen. What a change is, what an answer is, what a plan holds.

Nothing of ours is imported here, so that every room can speak these words; nothing here reads, waits or sends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

API_VERSION = "portkey.dev/v1"

#: Field path to JSON value. A path is kubectl's jsonpath without braces: `spec.replicas`,
#: `metadata.annotations.argocd\.argoproj\.io/refresh` (a dot inside a key is escaped). Lists are one value.
#: `None` means that the field is not there.
Fields = Mapping[str, Any]
Side = Literal["source", "target"]
Verdict = Literal["ok", "warn", "block", "skip", "unknown", "not-yet"]
Direction = Literal["forward", "back"]

_DOT = re.compile(r"(?<!\\)\.")


def keys(path: str) -> list[str]:
    r"""The keys of a field path: `a.b\.c` is `["a", "b.c"]`."""
    return [key.replace("\\.", ".") for key in _DOT.split(path)]


def escape(key: str) -> str:
    """One key as it stands in a field path."""
    return key.replace(".", "\\.")


def dig(thing: Any, path: str) -> Any:
    """The value at a field path, or None where any part of it is missing."""
    for key in keys(path):
        if not isinstance(thing, Mapping) or key not in thing:
            return None
        thing = thing[key]
    return thing


def nest(fields: Fields) -> dict[str, Any]:
    """Field paths as one nested object: what a POST or a merge patch carries (None stays: a merge patch removes by it)."""
    out: dict[str, Any] = {}
    for path, value in fields.items():
        *front, last = keys(path)
        into = out
        for key in front:
            into = into.setdefault(key, {})
        into[last] = value
    return out


def flat(thing: Mapping[str, Any], front: str = "") -> dict[str, Any]:
    """The leaves of a nested object as field paths. Lists and empty objects are leaves."""
    out: dict[str, Any] = {}
    for key, value in thing.items():
        path = f"{front}.{escape(key)}" if front else escape(key)
        if isinstance(value, Mapping) and value:
            out.update(flat(value, path))
        else:
            out[path] = value
    return out


@dataclass(frozen=True, order=True)
class Ref:
    """One object, symbolically: which system, which kind, which name. Never an address or a context."""

    system: str  # "source" | "target" (a cluster's API) | "proxmox" | "ceph" | "people"
    kind: str  # the static table in systems/kube.py says group, version and resource
    namespace: str  # "" for cluster-wide
    name: str  # "" names the whole kind in that namespace (what a watch looks at)

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace and self.namespace != self.name else ""
        return f"{self.kind} {place}{self.name}@{self.system}"


@dataclass(frozen=True)
class Seen:
    """One object as a system answered, after one look. `object` None: it is not there."""

    object: Mapping[str, Any] | None
    version: str = ""  # resourceVersion, or what the system has in its place; "" where the object is not there
    uid: str = ""
    going: bool = False  # a DELETE was accepted and finalizers hold it

    def fields(self, paths: Sequence[str]) -> Fields | None:
        return None if self.object is None else {path: dig(self.object, path) for path in paths}


def agree(seen: Mapping[str, Any] | None, wanted: Fields | None) -> bool:
    """Whether an object stands as the named fields say. Fields that are not named are not compared."""
    if seen is None or wanted is None:
        return seen is None and wanted is None
    return all(dig(seen, path) == value for path, value in wanted.items())


@dataclass(frozen=True)
class Change:
    """One object as found and as wanted. The call, the undo, whether it landed, and the words for a person follow from it."""

    ref: Ref
    before: Fields | None  # None: not there. Only the fields that the step touches
    after: Fields | None
    along: Fields = field(default_factory=dict)  # sent with it, never compared: a refresh, our mark

    @property
    def call(self) -> Literal["create", "patch", "delete"]:
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "patch"

    @property
    def undone(self) -> Change:
        return replace(self, before=self.after, after=self.before, along={})

    @property
    def nothing(self) -> bool:
        """It stood as wanted at the first look: nothing is sent, and there is nothing to undo."""
        return self.before == self.after

    def stands(self, seen: Seen) -> Literal["before", "after", "elsewhere"]:
        if seen.going:
            return "after" if self.after is None else "elsewhere"
        if agree(seen.object, self.after):
            return "after"
        return "before" if agree(seen.object, self.before) else "elsewhere"


@dataclass(frozen=True)
class Answer:
    """What a check or a proof says after one look."""

    verdict: Verdict
    values: Fields = field(default_factory=dict)  # value, threshold, cluster …: data, never a secret
    why: str = ""  # one sentence of what was observed; a person reads it
    fix: str = ""  # the line to commit or the command to type
    watch: Ref | None = None  # what would change its mind (a kind in a namespace); None: the engine polls
    waits_for: str = ""  # not-yet only: the fact that is not true yet, listed in a rehearsal's `waits`

    @property
    def passes(self) -> bool:
        return self.verdict in ("ok", "warn", "skip")


def ok(why: str = "", **values: Any) -> Answer:
    return Answer("ok", values, why)


def warn(why: str, fix: str = "", **values: Any) -> Answer:
    return Answer("warn", values, why, fix)


def block(why: str, fix: str = "", **values: Any) -> Answer:
    return Answer("block", values, why, fix)


def unknown(why: str, fix: str = "", **values: Any) -> Answer:
    return Answer("unknown", values, why, fix)


def not_yet(why: str, watch: Ref | None = None, waits_for: str = "", **values: Any) -> Answer:
    return Answer("not-yet", values, why, watch=watch, waits_for=waits_for)


# ---- what an app is made of, as found live when a transition begins (recorded with it) ----


@dataclass(frozen=True)
class Member:
    """One workload of an app."""

    kind: str  # Deployment | StatefulSet
    name: str
    replicas: int  # as the source has it while it serves


@dataclass(frozen=True)
class Volume:
    """One claim of an app and the RBD image behind it, as the source has it."""

    claim: str
    volume: str  # the PersistentVolume
    pool: str
    image: str
    size: str
    storage_class: str
    csi_secrets: tuple[str, ...] = ()  # "namespace/name" of each Secret that the driver needs for it


@dataclass(frozen=True)
class Found:
    """What an app is made of: names and numbers read from the live source, never from a document."""

    namespace: str
    application: str  # the Argo CD Application, in namespace argocd of each cluster
    members: tuple[Member, ...]
    ingress: str
    host: str
    path: str  # the app's own answering path (plan: http)
    service: str
    port: int
    tls_secret: str  # "" where the Ingress has no TLS
    secrets: tuple[str, ...]  # that the members mount or read, TLS excluded
    source_address: str  # IP of the source's ingress
    target_address: str  # IP of the target's ingress; "" where the target has none yet
    volumes: tuple[Volume, ...] = ()  # of the members, in start order
    backup: str = ""  # the ReplicationSource; "" where the app has none


# ---- the plan: one frozen tree; times in seconds ----

Kind = Literal["phase", "node", "app", "task"]
KINDS: tuple[Kind, ...] = ("phase", "node", "app", "task")


@dataclass(frozen=True)
class Window:
    """When an outage may begin: days 0 (Monday) to 6, minutes after midnight in the plan's timezone."""

    days: tuple[int, ...]
    start: int
    end: int  # more than 1440: it ends the next day
    text: str = ""
    also: tuple[Window, ...] = ()  # further spans of the same text


@dataclass(frozen=True)
class Need:
    subject: str  # "app/vaultwarden"
    state: str


@dataclass(frozen=True)
class App:
    name: str
    method: str
    members: tuple[str, ...]  # start order
    outage: float  # budget, seconds
    soak: float  # seconds
    http: str = "/"  # the path that answers 2xx while the app is well
    window: Window | None = None
    tell: str = ""
    needs: tuple[Need, ...] = ()
    silent_node: str = "ask"  # ask | blocklist: what to do when the source's node does not answer
    where: str = ""  # file:line of its entry, for messages


@dataclass(frozen=True)
class Node:
    name: str
    vm: int
    becomes: str
    new: Mapping[str, Any] | None = None
    where: str = ""


@dataclass(frozen=True)
class Task:
    """Something done once that is neither an app nor a node. `kind`: ask, seen, or a name in the registry of tasks."""

    name: str
    kind: str
    text: str = ""  # ask: the question; seen: the check's id
    needs: tuple[Need, ...] = ()
    where: str = ""
    vms: tuple[int, ...] = ()  # the ids of the plan's VMs, filled in by the engine: a task may be about every machine


@dataclass(frozen=True)
class Item:
    """One entry of a phase's `do:` list."""

    subject: str  # "app/speedtest"
    to: str  # the state that it is taken to
    where: str = ""


@dataclass(frozen=True)
class Phase:
    name: str
    goal: str
    items: tuple[tuple[Item, ...], ...]  # top to bottom; an inner tuple goes side by side
    needs: tuple[Need, ...] = ()
    done_when: tuple[str, ...] = ()  # check ids
    soak: float = 0.0
    window: Window | None = None
    accept: Mapping[str, str] = field(default_factory=dict)
    where: str = ""


@dataclass(frozen=True)
class Cluster:
    kind: str  # k3s | talos
    uid: str = ""  # "" or pending: the pin in the journal decides
    facts: Mapping[str, str] = field(default_factory=dict)  # vip, pods, services, versions


@dataclass(frozen=True)
class Plan:
    name: str
    timezone: str
    source: Cluster
    target: Cluster
    nodes: Mapping[str, Node]
    apps: Mapping[str, App]
    tasks: Mapping[str, Task]
    phases: tuple[Phase, ...]
    at_once: Mapping[str, int]  # prepare, cutover
    not_built: frozenset[str]  # subjects and checks that the plan names and this version cannot do, e.g. "node/metal2"
    hash: str  # sha256 of the files as read
    home: str  # the folder that holds phases/
    doubts: tuple[str, ...] = ()  # where the documents disagree; lint repeats them

    def subjects(self) -> list[str]:
        """Every subject, in the order of the plan: each phase before what it holds, then what no phase names."""
        out: dict[str, None] = {}
        for phase in self.phases:
            out[f"phase/{phase.name}"] = None
            for row in phase.items:
                for item in row:
                    out[item.subject] = None
        for name in self.apps:
            out.setdefault(f"app/{name}")
        for name in self.nodes:
            out.setdefault(f"node/{name}")
        for name in self.tasks:
            out.setdefault(f"task/{name}")
        return list(out)

    def phase_of(self, subject: str) -> str:
        return next((p.name for p in self.phases for row in p.items for item in row if item.subject == subject), "")
