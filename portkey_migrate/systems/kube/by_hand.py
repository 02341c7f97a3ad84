"""A change as a person types it, and the look after it. kubectl alone, no file, no current context, nothing of this tool."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from portkey_migrate.model import Change, nest
from portkey_migrate.systems.kube import operation
from portkey_migrate.systems.kube.kinds import kind_of

Commands = list[list[str]]

_COPY_OF = "copy-of"
#: What a copy of a Secret must not carry over from where it was read.
_OF_THE_OTHER = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "ownerReferences", "annotations")


def words(change: Change, kubectl: Mapping[str, Sequence[str]]) -> Commands:
    """The change, then the look. `kubectl`: how a command begins, for each side."""
    ref = change.ref
    if ref.kind == "Operation":
        body = operation.patch(change, {})
        front = [*kubectl[ref.system], "-n", ref.namespace]
        look = [*front, "get", "applications.argoproj.io", ref.name, "-o", "jsonpath={.operation}{.status.operationState.phase}"]
        return [[*front, "patch", "applications.argoproj.io", ref.name, "--type=merge", "-p", _json(body)], look]
    kind = kind_of(ref.kind)
    front = [*kubectl[ref.system], *(["-n", ref.namespace] if ref.namespace else [])]
    look = [*front, "get", kind.argument, ref.name]
    match change.call:
        case "delete":
            return [[*front, "delete", kind.argument, ref.name], [*look, "--ignore-not-found"]]
        case "create":
            return [_create(change, front, kubectl), look]
        case "patch":
            return [_patch(change, front), [*look, "-o", "jsonpath=" + " ".join(f"{{.{path}}}" for path in change.after or {})]]


def _patch(change: Change, front: list[str]) -> list[str]:
    kind, wanted = kind_of(change.ref.kind), {**change.along, **(change.after or {})}
    if set(wanted) == {"spec.replicas"}:
        return [*front, "scale", f"{kind.argument}/{change.ref.name}", f"--replicas={wanted['spec.replicas']}"]
    return [*front, "patch", kind.argument, change.ref.name, "--type=merge", "-p", _json(nest(wanted))]


def _create(change: Change, front: list[str], kubectl: Mapping[str, Sequence[str]]) -> list[str]:
    copy_of = str(change.along.get(_COPY_OF, ""))
    if copy_of:
        side, namespace, name = copy_of.split("/")
        read = [*kubectl[side], "-n", namespace, "get", "secret", name, "-o", "json"]
        clean = ["jq", "del(" + ", ".join(f".metadata.{key}" for key in _OF_THE_OTHER) + ")"]
        return ["sh", "-c", " | ".join(shlex.join(part) for part in (read, clean, [*front, "create", "-f", "-"]))]
    return ["sh", "-c", f"printf %s {shlex.quote(_json(body(change, change.after or {})))} | {shlex.join([*front, 'create', '-f', '-'])}"]


def body(change: Change, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A whole object as a POST carries it."""
    ref, out = change.ref, nest({path: value for path, value in wanted.items() if value is not None})
    meta = {**out.get("metadata", {}), "name": ref.name, **({"namespace": ref.namespace} if ref.namespace else {})}
    return {"apiVersion": kind_of(ref.kind).api_version, "kind": ref.kind, **out, "metadata": meta}


def _json(thing: Any) -> str:
    return json.dumps(thing, separators=(",", ":"), sort_keys=True)
