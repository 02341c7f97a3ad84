"""LIST: one snapshot, in pages if asked. A page that comes later still shows the world of the first (measured)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from portkey_migrate.lab.api.message import Cause, Refused, Request, Response, answer, bad, invalid, unsupported
from portkey_migrate.lab.api.selectors import Selection
from portkey_migrate.lab.kinds import Kind
from portkey_migrate.lab.store import CompactedError, Object, Store
from portkey_migrate.lab.truth import held

FACTS = (
    held("pages are one snapshot", "tests/contract/test_lists_and_watches.py::test_pages_are_one_snapshot"),
    held("a bad token is 400, a version of the future 504", "tests/contract/test_lists_and_watches.py::test_bad_tokens_and_versions_are_refused"),
    held("a LIST in a Namespace that is missing is empty", "tests/contract/test_objects.py::test_a_post_into_a_missing_namespace_is_not_found"),
)

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
    _refuse_match(version, query.get("resourceVersionMatch", ""), token)
    if token and version not in ("", "0"):
        raise bad("specifying resource version is not allowed when using continue")
    if version and not version.isdigit():
        raise bad(f"invalid resource version: {no_version(version).message}")
    if not token:
        store.list(cluster, kind.kind, namespace)  # what changes with time alone is written now, or the list would show it as of its last look
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
    objects = [obj for obj in objects if not start or _key(obj) > start]
    metadata: dict[str, Any] = {"resourceVersion": str(at)}
    chosen = [(n, obj) for n, obj in enumerate(objects, 1) if selection(obj)]
    # A page ends where it is full, and says that there is more if anything at all comes after it, chosen or not: the last page may be empty.
    if limit and len(chosen) >= limit and (rest := len(objects) - chosen[limit - 1][0]):
        metadata["continue"] = _written(at, _key(objects[-rest - 1]))
        if selection.all:
            metadata["remainingItemCount"] = rest
        chosen = chosen[:limit]
    items = [item_of(kind, obj) for _, obj in chosen]
    return answer(200, {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items})


def item_of(kind: Kind, obj: Object) -> Object:
    """An object inside a list: the built-in kinds leave kind and apiVersion to the list, custom resources say theirs."""
    return obj if kind.crd else {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def _refuse_match(version: str, match: str, token: str) -> None:
    """Raises the 422 for a resourceVersionMatch that means nothing here."""
    if not match or (token and version in ("", "0")):
        return
    why = None
    if match not in ("Exact", "NotOlderThan"):
        why = unsupported("resourceVersionMatch", match, ("Exact", "NotOlderThan", ""))
    elif not version:
        why = Cause("FieldValueForbidden", "resourceVersionMatch", "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")
    elif match == "Exact" and version == "0":
        why = Cause("FieldValueForbidden", "resourceVersionMatch", 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    if why is not None:
        raise invalid("ListOptions", "meta.k8s.io", "", [why])


def no_version(version: str) -> Refused:
    """What a read is told whose resourceVersion is no number: a 500 without a reason, but for a list, which makes it a 400 (measured)."""
    return Refused(500, "", f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax')


def checked_version(store: Store, cluster: str, version: str) -> int:
    """A resourceVersion of a read as a number, 0 for none. Raises for nonsense and for the future."""
    if not version:
        return 0
    if not version.isdigit():
        raise no_version(version)
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
