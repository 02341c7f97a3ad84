"""The words of the store: an object, who writes, one change as a watch sees it, what a write can be refused for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

Object = dict[str, Any]


class By(NamedTuple):
    """Who writes. `token` is the tool's `transition.row#attempt`; only a session's writes keep what stood before and after."""

    actor: str
    session: str = ""
    token: str = ""
    verb: str = ""  # as RBAC says it; "" lets the store name it


class Event(NamedTuple):
    """One change of one object, as a watch sees it."""

    version: int
    type: str  # ADDED | MODIFIED | DELETED
    kind: str
    namespace: str
    name: str
    object: Object  # as it stands after (DELETED: as it stood, with the version of its end)
    old: Object | None  # as it stood before


class NotThereError(Exception):
    """No such object."""


class AlreadyThereError(Exception):
    """An object of that name stands; `args[0]` is it."""


class StaleError(Exception):
    """The object is not the version, or not the uid, that the write was meant for; `args[0]` says which, `args[1]` is the object."""


class CompactedError(Exception):
    """The history does not reach back that far; `args[0]` is the oldest version that a watch may start from."""


def stamp(now: float) -> str:
    """A moment as Kubernetes writes it: whole seconds, UTC."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged(into: Any, patch: Any) -> Any:
    """RFC 7386: null removes, an object goes in key by key, anything else replaces. Changes neither; shares what did not change."""
    if not isinstance(patch, dict):
        return patch
    out = dict(into) if isinstance(into, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            out[key] = merged(out.get(key), value)
        else:
            out[key] = value
    return out
