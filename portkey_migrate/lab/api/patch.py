"""The kinds of PATCH: merge (RFC 7386), JSON patch (RFC 6902), strategic merge as kubectl sends it. No server-side apply: 415 says so."""

from __future__ import annotations

import copy
import json
from typing import Any

from portkey_migrate.lab.api.message import Refused, bad
from portkey_migrate.lab.kinds import Kind
from portkey_migrate.lab.store import Object, merged
from portkey_migrate.lab.truth import assumed, held

FACTS = (
    held("a merge patch removes by null", "tests/contract/test_objects.py::test_a_merge_patch_removes_by_null_and_adds_by_key"),
    held("one that changes nothing makes no version", "tests/contract/test_objects.py::test_a_patch_that_changes_nothing_makes_no_version"),
    held(
        "415 for a kind of patch that is unknown, 422 for one that does not fit",
        "tests/contract/test_objects.py::test_a_patch_of_an_unknown_kind_is_refused",
    ),
    assumed("server-side apply is refused", "the tool sends none", "harsher"),
)

MERGE, JSON, STRATEGIC = "application/merge-patch+json", "application/json-patch+json", "application/strategic-merge-patch+json"

#: Lists that a strategic patch merges by a key of their items; every other list is one value.
_KEYS = {
    "containers": "name", "initContainers": "name", "volumes": "name", "env": "name", "ports": "containerPort", "volumeMounts": "mountPath", "imagePullSecrets": "name",  # noqa: E501 - one text or table row, as it is read
    "conditions": "type", "ownerReferences": "uid", "hostAliases": "ip", "addresses": "type",
}  # fmt: skip


def patched(kind: Kind, old: Object, content_type: str, body: bytes) -> Object:
    """The object as the patch makes it. Raises 400, 415 and 422 as the server does."""
    media = refuse_media(kind, content_type)
    try:
        patch = json.loads(body)
    except ValueError as no:
        raise bad(f"error decoding patch: {no}") from None
    if media == JSON:
        if not isinstance(patch, list):
            raise bad("error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp")
        return _json_patched(old, patch)
    if not isinstance(patch, dict):
        raise bad("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}")
    out: Object = _strategic(old, patch, kind) if media == STRATEGIC else merged(old, patch)
    return out


def refuse_media(kind: Kind, content_type: str) -> str:
    """The patch's media type. Raises the 415 for one that is no patch; a custom resource knows no strategic one."""
    media = content_type.partition(";")[0].strip().lower()
    if media in ((JSON, MERGE) if kind.crd else (JSON, MERGE, STRATEGIC)):
        return media
    if kind.crd:
        known = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        raise Refused(415, "UnsupportedMediaType", f"the body of the request was in an unknown format - accepted media types include: {known}")
    raise Refused(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def _refused(_why: str) -> Refused:
    return Refused(422, "Invalid", "the server rejected our request due to an error in our request", {})


def _json_patched(old: Object, steps: list[Any]) -> Object:
    doc: Any = copy.deepcopy(old)
    for step in steps:
        try:
            doc = _one(doc, step["op"], _pointer(step["path"]), step)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as no:
            raise _refused(str(no)) from None
    if not isinstance(doc, dict):
        raise _refused("not an object")
    return doc


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _walk(doc: Any, parts: list[str]) -> Any:
    for part in parts:
        doc = doc[int(part)] if isinstance(doc, list) else doc[part]
    return doc


def _one(doc: Any, op: str, parts: list[str], step: dict[str, Any]) -> Any:
    if op == "test":
        if _walk(doc, parts) != step.get("value"):
            message = "testing value failed"
            raise ValueError(message)
        return doc
    if op in ("move", "copy"):
        source = _pointer(step["from"])
        value = copy.deepcopy(_walk(doc, source))
        if op == "move":
            doc = _one(doc, "remove", source, {})
        return _one(doc, "add", parts, {"value": value})
    if not parts:
        return step["value"]
    into, last = _walk(doc, parts[:-1]), parts[-1]
    if isinstance(into, list):
        if op == "remove":
            del into[int(last)]
        elif op == "replace":
            into[int(last)] = step["value"]
        else:
            into.insert(len(into) if last == "-" else int(last), step["value"])
    elif op == "remove":
        del into[last]
    else:  # the real one's "replace" of a key that is not there adds it (measured)
        into[last] = step["value"]
    return doc


def _strategic(into: Any, patch: dict[str, Any], kind: Kind) -> Any:
    out = dict(into) if isinstance(into, dict) else {}
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            out[name] = [one for one in out.get(name, ()) if one not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            out[key] = _strategic(out.get(key), value, kind)
        elif isinstance(value, list) and key == "finalizers":
            out[key] = list(dict.fromkeys([*out.get(key, ()), *value]))
        elif isinstance(value, list) and (by := "port" if key == "ports" and kind.kind == "Service" else _KEYS.get(key)):
            out[key] = _by_key(list(out.get(key) or ()), value, by, kind)
        else:
            out[key] = value
    return out


def _by_key(have: list[Any], patch: list[Any], by: str, kind: Kind) -> list[Any]:
    for one in patch:
        at = next((n for n, there in enumerate(have) if isinstance(there, dict) and there.get(by) == one.get(by)), None)
        if one.get("$patch") == "delete":
            if at is not None:
                del have[at]
        elif at is None:
            have.append({key: value for key, value in one.items() if not key.startswith("$")})
        else:
            have[at] = _strategic(have[at], one, kind)
    return have
