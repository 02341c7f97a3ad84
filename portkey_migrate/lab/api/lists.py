"""LIST: one snapshot, in pages if asked. A page that comes later still shows the world of the first (measured)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from portkey_migrate.lab.api.message import Refused, Request, Response, answer, bad
from portkey_migrate.lab.api.selectors import Selection
from portkey_migrate.lab.kinds import Kind
from portkey_migrate.lab.store import CompactedError, Object, Store

_TOO_OLD_TOKEN = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token "  # noqa: E501, S105 - one text or table row, as it is read
    "in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, "  # noqa: E501 - one text or table row, as it is read
    "or deleted between the time the first chunk was returned and now may show up in the list."
)


def listed(store: Store, cluster: str, kind: Kind, namespace: str, request: Request) -> Response:
    query = request.query
    selection = Selection(kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    token, version = query.get("continue", ""), query.get("resourceVersion", "")
    limit = int(query["limit"]) if query.get("limit", "").isdigit() else 0
    if token and version not in ("", "0"):
        raise bad("specifying resource version is not allowed when using continue")
    now, start = store.versions[cluster], ""
    if token:
        at, start = _read(token)
        at = now if at < 0 else at
    else:
        at = checked_version(store, cluster, version)
        if query.get("resourceVersionMatch") != "Exact" or not at:
            at = now
        if version == "0":
            limit = 0  # the real cache answers whole (measured)
    objects = _as_of(store, cluster, kind, namespace, at, token=token, start=start)
    objects = [obj for obj in objects if (not start or _key(obj) > start) and selection(obj)]
    metadata: dict[str, Any] = {"resourceVersion": str(at)}
    if limit and len(objects) > limit:
        metadata["continue"] = _written(at, _key(objects[limit - 1]))
        if selection.all:
            metadata["remainingItemCount"] = len(objects) - limit
        objects = objects[:limit]
    return answer(200, {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": objects})


def checked_version(store: Store, cluster: str, version: str) -> int:
    """A resourceVersion of a read as a number, 0 for none. Raises for nonsense and for the future."""
    if not version:
        return 0
    if not version.isdigit():
        text = f'strconv.ParseUint: parsing "{version}": invalid syntax'
        raise Refused(500, "InternalError", f"Internal error occurred: {text}", {"causes": [{"message": text}]})
    asked, now = int(version), store.versions[cluster]
    if asked > now:
        causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
        raise Refused(
            504, "Timeout", f"Too large resource version: {asked}, current: {now}", {"causes": causes, "retryAfterSeconds": 1}, {"Retry-After": "1"}
        )
    return asked


def _key(obj: Object) -> str:
    metadata = obj["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def _written(version: int, start: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": start + "\u0000"}).encode()).decode().rstrip("=")


def _read(token: str) -> tuple[int, str]:
    try:
        said = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(said["rv"]), str(said["start"]).rstrip("\u0000")
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise bad("continue key is not valid: invalid encoding") from None


def _as_of(store: Store, cluster: str, kind: Kind, namespace: str, version: int, *, token: str, start: str) -> list[Object]:
    """The objects of a kind as they stood at a version: today's, with the changes since taken back."""
    objects = store.list(cluster, kind.kind, namespace)
    if version == store.versions[cluster]:
        return objects
    try:
        since = store.changes(cluster, version)
    except CompactedError:
        if token:
            gone = Refused(410, "Expired", _TOO_OLD_TOKEN)
            gone_status = gone.status
            gone_status["metadata"] = {"continue": _written(-1, start)}
            raise RefusedWith(gone, gone_status) from None
        raise Refused(410, "Expired", "The resourceVersion for the provided list is too old.") from None
    then = {(obj["metadata"].get("namespace", ""), obj["metadata"]["name"]): obj for obj in objects}
    for event in reversed(since):
        if event.kind != kind.kind or (namespace and event.namespace != namespace):
            continue
        if event.old is None:
            then.pop((event.namespace, event.name), None)
        else:
            then[event.namespace, event.name] = event.old
    return [then[key] for key in sorted(then)]


class RefusedWith(Refused):
    """A refusal whose Status says more than the usual fields."""

    def __init__(self, refused: Refused, status: Object) -> None:
        super().__init__(refused.code, refused.reason, refused.message, refused.details, refused.headers)
        self._status = status

    @property
    def status(self) -> Object:
        return self._status
