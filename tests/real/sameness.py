"""When two answers are the same: uid, times, versions, addresses and tokens become words; everything else has to agree.

A version becomes the ordinal of its object's changes, so "nothing changed, no new version" is part of what has to agree.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tests.real.script import Memory

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ADDRESS = re.compile(r"10\.43\.\d+\.\d+")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NUMBER = re.compile(r"\d{1,12}")


class Told(NamedTuple):
    """One answer as it is compared."""

    status: int
    reason: str
    body: Any

    @property
    def settled(self) -> Told:
        """As it is compared where controllers write: how often they wrote is theirs."""
        return Told(self.status, self.reason, _without_counts(self.body))


def told(status: int, body: Any, memory: Memory, resource: str) -> Told:
    if not isinstance(body, dict):
        return Told(status, "", "text")
    if body.get("kind") == "Status":
        details = body.get("details") or {}
        causes = sorted({(str(one.get("reason", "")), _field(str(one.get("field", "")))) for one in details.get("causes") or ()})
        return Told(
            status,
            str(body.get("reason", "")),
            {"of": details.get("kind", ""), "name": details.get("name", ""), "causes": causes} if status >= 400 and status != 405 else {},
        )
    return Told(status, "", normal(body, memory, resource))


def looked_at(said: Told, paths: list[str]) -> Told:
    """What a SETTLE looks at: these fields of the object, or of each item of a list. Names that a controller makes up are not among them."""
    if said.status >= 400:
        return said
    things = said.body["items"] if isinstance(said.body, dict) and "items" in said.body else [said.body]
    return said._replace(body=sorted(({path: _dug(one, path) for path in paths} for one in things), key=repr))


def _dug(thing: Any, path: str) -> Any:
    for key in path.split("."):
        thing = thing.get(key) if isinstance(thing, dict) else None
    return thing


def told_events(events: list[dict[str, Any]], memory: Memory, resource: str) -> Told:
    out = []
    for event in events:
        obj = event["object"]
        if event["type"] == "ERROR":
            out.append(("ERROR", obj["code"], obj["reason"]))
        elif event["type"] != "BOOKMARK":
            memory.learn(resource, obj)
            one = normal(obj, memory, resource)
            one["metadata"].pop("resourceVersion", None)
            # A Pod that goes at once is marked first, and a change of nothing but a field's owner is told too: the lab has neither.
            if out and event["type"] in ("MODIFIED", "DELETED") and _same_but_marked(out[-1][1], one):
                if event["type"] == "MODIFIED" and out[-1][1] == one:
                    continue
                if event["type"] == "DELETED" and out[-1][0] == "MODIFIED":
                    out.pop()
            out.append((event["type"], one, 0))
    return Told(200, "", out)


def _same_but_marked(one: Any, other: Any) -> bool:
    """One event follows another of the same object, and it is the same or was marked as going at once in it."""
    if not isinstance(one, dict) or one["metadata"].get("name") != other["metadata"].get("name"):
        return False
    return bool(one == other) or (one.get("kind") == "Pod" and one["metadata"].get("deletionGracePeriodSeconds") == 0)


def _field(text: str) -> str:
    """A cause's field without the numbers that a list index or a generated key gives."""
    return text


def normal(body: dict[str, Any], memory: Memory, resource: str) -> Any:
    if isinstance(body.get("items"), list):
        metadata = {key: value for key, value in body["metadata"].items() if key not in ("resourceVersion", "continue", "selfLink")}
        metadata["more"] = bool(body["metadata"].get("continue"))
        return {**body, "metadata": metadata, "items": [normal(one, memory, resource) for one in body["items"]]}
    metadata = dict(body.get("metadata") or {})
    metadata.pop("managedFields", None)
    key = f"{resource}/{metadata.get('name', '')}"
    if "resourceVersion" in metadata:
        metadata["resourceVersion"] = f"change {memory.ordinals.get(key, {}).get(metadata['resourceVersion'], '?')}"
    if "uid" in metadata:
        seen = memory.uids.get(key, [])
        metadata["uid"] = f"life {seen.index(metadata['uid'])}" if metadata["uid"] in seen else "uid"  # a dry run's is of no life
    return _words({**body, "metadata": metadata})


def _words(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _words(_unversioned(key, one)) for key, one in value.items() if one is not None
        }  # Go writes some empty times as null, others not
    if isinstance(value, list):
        return [_words(one) for one in value]
    if isinstance(value, str):
        return _ADDRESS.sub("<address>", _UID.sub("<uid>", _TIME.sub("<time>", value)))
    return value


def _unversioned(key: str, value: Any) -> Any:
    """A claimRef names a version where the real binder wrote it, and nobody reads it."""
    return {one: said for one, said in value.items() if one != "resourceVersion"} if key == "claimRef" and isinstance(value, dict) else value


def _without_counts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_counts(one) for key, one in value.items() if key != "resourceVersion"}
    if isinstance(value, list):
        return [_without_counts(one) for one in value]
    return value


def differences(real: Any, lab: Any, at: str = "") -> list[str]:
    """Where two values differ, one line each: path, real, lab."""
    if isinstance(real, dict) and isinstance(lab, dict):
        out = []
        for key in sorted({*real, *lab}):
            if key not in lab:
                out.append(f"{at}.{key}: real {real[key]!r}, lab has none")
            elif key not in real:
                out.append(f"{at}.{key}: real has none, lab {lab[key]!r}")
            else:
                out += differences(real[key], lab[key], f"{at}.{key}")
        return out
    if isinstance(real, (list, tuple)) and isinstance(lab, (list, tuple)) and len(real) == len(lab):
        return [line for n, (one, other) in enumerate(zip(real, lab, strict=True)) for line in differences(one, other, f"{at}[{n}]")]
    return [] if real == lab else [f"{at}: real {real!r}, lab {lab!r}"]
