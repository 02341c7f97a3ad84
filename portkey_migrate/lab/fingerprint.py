"""What a world looks like, without what may differ between two that are the same (lab.md 21), and what two differ in.

Spec and status of every object of both clusters, without uid, versions, times, managedFields, events and operation history; never the
ledger, never the data. Names that are drawn (a Pod's, its address, our key) are written by what they stand for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from portkey_migrate.lab.controllers import owner
from portkey_migrate.lab.kinds import KINDS

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

Normal = dict[str, dict[str, Any]]  # "source/Deployment/ns/name" → field path → value

_SKIPPED_KINDS = frozenset({"Event", "Lease"})
_SKIPPED = frozenset({
    "uid", "resourceVersion", "generation", "observedGeneration", "managedFields", "selfLink", "deletionGracePeriodSeconds", "lastSyncDuration",
})  # fmt: skip
#: Operation history, and what only says when.
_OF_APPLICATIONS = frozenset({"operationState", "history", "reconciledAt", "sourceType", "summary"})
#: Histories in other words: what a mover said (ids and bytes of its run), and which images a node has pulled so far (a cache).
_HISTORIES = frozenset({("ReplicationSource", "status.latestMoverStatus", "logs"), ("Node", "status", "images")})
_TIME = re.compile(r"(Timestamp|Time|At|-at)$")
_KEY = re.compile(r"\bpm-[0-9a-f]{4,}-\d+\b")
#: The repository's commits are functions of its content, and stay.


def normal(world: World) -> Normal:
    """Every object as fields, by `cluster/Kind/namespace/name`."""
    out: Normal = {}
    for cluster in sorted(world.store.objects):
        names = _drawn(world, cluster)
        for kind in sorted(KINDS):
            if kind in _SKIPPED_KINDS:
                continue
            for obj in world.store.list(cluster, kind):
                metadata = obj["metadata"]
                at = "/".join(part for part in (cluster, kind, metadata.get("namespace", ""), metadata["name"]) if part)
                out[_symbolic(at, names)] = dict(_fields(obj, names, kind))
    out |= _ceph(world)
    out |= _proxmox(world)
    return dict(sorted(out.items()))


def fingerprint(world: World) -> str:
    return hashlib.sha256(json.dumps(normal(world), sort_keys=True).encode()).hexdigest()


def _ceph(world: World) -> Normal:
    """Images with the names of their snapshots and the nodes that have them open, and who is shut out; never what they hold."""
    here: Any = world.parts.get("ceph")
    if here is None:
        return {}
    out: Normal = {}
    for image in sorted(here.images.values(), key=lambda one: (one.made, one.name)):
        snapshots = {f"snapshots[{_KEY.sub('K', one.name)}]": "there" for one in image.snapshots}
        watchers = {f"watchers[{'/'.join(one.at)}]": "there" for one in here.watchers(world, image)}
        at = f"ceph/Image/{image.pool}/{image.item or image.name}"
        out[at if at not in out else f"{at}/{image.name}"] = {"name": image.name, "size": image.size, **snapshots, **watchers}
    nodes = {client.address: "/".join(client.at) for image in here.images.values() for client in image.clients.values()}
    for address in here.listed(world.now):
        out[f"ceph/Blocklist/{nodes.get(address, address.partition(':')[0])}"] = {"entry": "there"}
    return out


def _proxmox(world: World) -> Normal:
    here: Any = world.parts.get("pve")
    out: Normal = {}
    for vm in here.vms.values() if here is not None else ():
        snapshots = {f"snapshots[{_KEY.sub('K', one.name)}].parent": _KEY.sub("K", one.parent) for one in vm.snapshots}
        out[f"proxmox/VM/{vm.vmid}"] = {"status": vm.status, "lock": vm.lock, "parent": _KEY.sub("K", vm.parent), **snapshots}
    return out


def _drawn(world: World, cluster: str) -> dict[str, str]:
    """Drawn names and addresses → what they stand for: the nth Pod of its ReplicaSet, by name of node and then of Pod."""
    out: dict[str, str] = {}
    sets: dict[str, list[dict[str, Any]]] = {}
    for pod in world.store.list(cluster, "Pod"):
        sets.setdefault(owner(pod, "ReplicaSet") or pod["metadata"]["name"], []).append(pod)
    for name, pods in sets.items():
        pods.sort(key=lambda pod: ("deletionTimestamp" in pod["metadata"], pod["spec"].get("nodeName", ""), pod["metadata"]["name"]))
        for n, pod in enumerate(pods):
            out[pod["metadata"]["name"]] = f"{name}-#{n}"
            if pod.get("status", {}).get("podIP"):
                out[pod["status"]["podIP"]] = f"address of {name}-#{n}"
    return out


def _symbolic(text: str, names: Mapping[str, str]) -> str:
    text = _KEY.sub("K", text)
    for drawn, meaning in names.items():
        if drawn in text:
            text = re.sub(rf"(?<![\w.]){re.escape(drawn)}(?![\w.])", meaning, text)
    return text


def _fields(thing: Any, names: Mapping[str, str], kind: str, front: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves, by path. A list of named things (conditions, containers) goes by name; any other list by place."""
    if isinstance(thing, Mapping) and thing:
        for key, value in thing.items():
            if key in _SKIPPED or (isinstance(value, str) and _TIME.search(key) and key != "deletionTimestamp"):
                continue
            if (kind == "Application" and front == "status" and key in _OF_APPLICATIONS) or (kind, front, key) in _HISTORIES:
                continue
            path = f"{front}.{key}" if front else str(key)
            if key == "deletionTimestamp":
                yield path, "going"
            else:
                yield from _fields(value, names, kind, path)
    elif isinstance(thing, list) and thing:
        for n, one in enumerate(thing):
            label = next((str(one[key]) for key in ("type", "name", "host", "path", "ip") if isinstance(one, Mapping) and key in one), str(n))
            yield from _fields(one, names, kind, f"{front}[{_symbolic(label, names)}]")
    else:
        yield front, _symbolic(thing, names) if isinstance(thing, str) else thing


# ---- what two worlds differ in ----


class Allowed(NamedTuple):
    """One line of the reviewed list."""

    object: str
    field: str
    reason: str


@cache
def allowed() -> tuple[Allowed, ...]:
    """The reviewed list of differences: one object and field a line, with its reason."""
    lines = yaml.safe_load((resources.files("portkey_migrate.lab") / "allowed.yaml").read_text()) or []
    return tuple(Allowed(line["object"], line.get("field", ""), line["reason"]) for line in lines)


def differences(before: World | Normal, after: World | Normal) -> list[dict[str, Any]]:
    """Every field that differs, with the reason by which the reviewed list allows it, or None. An object that came or went is one line, field "".

    Secret values are hashed: a difference says that there is one, never which.
    """
    a = before if isinstance(before, dict) else normal(before)
    b = after if isinstance(after, dict) else normal(after)
    reasons = {(line.object, line.field): line.reason for line in allowed()}
    out: list[dict[str, Any]] = []

    def differs(name: str, field: str, was: Any, now: Any) -> None:
        out.append({"object": name, "field": field, "before": was, "after": now, "allowed_by": reasons.get((name, field))})

    for name in sorted({*a, *b}):
        if name not in a or name not in b:
            differs(name, "", "there" if name in a else None, "there" if name in b else None)
            continue
        for field in sorted({*a[name], *b[name]}):
            was, now = a[name].get(field), b[name].get(field)
            if was != now:
                secret = name.split("/")[1] == "Secret" and field.startswith("data.")
                differs(name, field, _hidden(was) if secret else was, _hidden(now) if secret else now)
    return out


def _hidden(value: Any) -> str | None:
    return None if value is None else "sha256:" + hashlib.sha256(str(value).encode()).hexdigest()[:12]
