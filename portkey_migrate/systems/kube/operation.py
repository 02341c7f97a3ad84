"""Argo CD's `operation` as an object of its own, known by our tag in its `info` (measured: real/ A7).

Argo CD takes the field away when the operation ends and keeps a copy in `status.operationState`; a second operation is silently lost, one
sent to a dead controller runs when it comes back. So what was asked for is known by its tag, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portkey_migrate.model import Change, dig, nest

_TAG = "pm"
_ASKED = ("tag", "queued", "resources", "prune", "revision")


def seen(application: Mapping[str, Any]) -> dict[str, Any]:
    """What stands: `tag` (of the queued, else of the last operation), `queued` (of the queued alone), and how the last one went."""
    waiting, state = application.get("operation"), dig(application, "status.operationState") or {}
    queued = _tag(waiting)
    return {
        "tag": queued or _tag(state.get("operation")),
        "queued": queued,
        "phase": state.get("phase"),
        "message": str(state.get("message") or "")[:300],
        "revision": dig(state, "syncResult.revision"),
        "resources": dig(state, "syncResult.resources") or [],
        "running": state.get("phase") in ("Running", "Terminating"),
        "sync-options": dig(application, "spec.syncPolicy.syncOptions") or [],
    }


def patch(change: Change, looked: Mapping[str, Any]) -> dict[str, Any]:
    """The one merge patch: the operation with our tag, or none.

    `operationState` is cleared with it: else the left-over fields of the last operation (dryRun, resources, results) make the next one a
    false success that moved nothing.
    """
    asked = {**change.along, **(change.after or {})}
    out = nest({path: value for path, value in asked.items() if path not in _ASKED})
    tag = asked.get("tag") or asked.get("queued")
    if tag is None:
        return {**out, "operation": None}
    sync: dict[str, Any] = {"prune": bool(asked.get("prune", False))}
    if asked.get("revision"):
        sync["revision"] = asked["revision"]
    if asked.get("resources"):
        sync["resources"] = asked["resources"]
    if looked.get("sync-options"):
        # An operation that names none is run with none: the Application's own are not taken over.
        sync["syncOptions"] = looked["sync-options"]
    operation = {"initiatedBy": {"username": "portkey-migrate"}, "info": [{"name": _TAG, "value": tag}], "sync": sync}
    return {**out, "operation": operation, "status": {"operationState": None}}


def _tag(operation: Any) -> str | None:
    info = operation.get("info") if isinstance(operation, Mapping) else None
    return next((one.get("value") for one in info or [] if one.get("name") == _TAG), None)
