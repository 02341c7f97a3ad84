"""The verbs on one resource: get, create, update, patch, delete, each with what the server asks before it writes.

The order of the questions is the server's: decoding (400), the namespace (404, 403), validation (422), quota (403), the name (409).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from portkey_migrate.lab.api.changing import other_life, refuse_stale, touched
from portkey_migrate.lab.api.eviction import mark_evicted, refuse_eviction
from portkey_migrate.lab.api.lists import checked_version, item_of
from portkey_migrate.lab.api.message import (
    Ground,
    Refused,
    Request,
    Response,
    answer,
    bad,
    conflict,
    exists,
    forbidden,
    invalid,
    not_allowed,
    not_found,
    other_uid,
    precondition,
    unsupported,
    wrong,
)
from portkey_migrate.lab.api.patch import patched, refuse_media
from portkey_migrate.lab.api.quota import refuse_over_quota
from portkey_migrate.lab.api.routing import Target
from portkey_migrate.lab.api.rules import addressed, admitted, begun, refuse_faults
from portkey_migrate.lab.api.scale import scale_of, scaled
from portkey_migrate.lab.api.selectors import Selection
from portkey_migrate.lab.kinds import KINDS, Kind
from portkey_migrate.lab.store import AlreadyThereError, By, NotThereError, Object, StaleError, Store
from portkey_migrate.lab.truth import held

FACTS = (
    held("a POST of a name that is taken is 409 AlreadyExists", "tests/contract/test_objects.py::test_a_second_post_of_a_name_is_refused"),
    held("a PUT of an old version is 409", "tests/contract/test_objects.py::test_a_put_with_an_old_version_conflicts"),
    held("a PUT without a version overwrites", "tests/contract/test_objects.py::test_a_put_without_a_version_overwrites"),
    held("a DELETE asks its preconditions", "tests/contract/test_objects.py::test_a_delete_under_another_precondition_conflicts"),
    held("a finalizer holds what was deleted", "tests/contract/test_objects.py::test_a_finalizer_holds_a_deleted_object"),
    held("a dry run answers and keeps nothing", "tests/contract/test_objects.py::test_a_dry_run_answers_and_keeps_nothing"),
    held("which of several faults is said first", "tests/real/test_differential.py::test_random_requests_agree"),
)

_BODY_LIMIT = 3 * 1024 * 1024
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
#: Kinds whose DELETE returns the object even when it is gone at once.
_RETURNED = frozenset(
    {"Pod", "Service", "PersistentVolumeClaim", "PersistentVolume", "ResourceQuota", "ServiceAccount", "StorageClass", "VolumeAttachment"}
)
#: Kinds that a PUT creates where nothing of the name stands (the real strategies' AllowCreateOnUpdate, as far as it was asked).
_MADE_BY_PUT = frozenset({"Lease", "Endpoints", "Event", "Service"})


@dataclass(frozen=True)
class Call:
    """One request, understood: who, on what, dry or not."""

    world: Ground
    cluster: str
    kind: Kind
    target: Target
    request: Request
    by: By
    dry: bool = False

    @property
    def store(self) -> Store:
        return self.world.store

    def found(self) -> Object | None:
        return self.store.get(self.cluster, self.kind.kind, self.namespace, self.target.name)

    def stands(self) -> Object:
        found = self.found()
        if found is None:
            raise not_found(self.kind, self.target.name)
        return found

    @property
    def namespace(self) -> str:
        return self.target.namespace if self.kind.namespaced else ""


def is_dry(request: Request, noun: str) -> bool:
    given = "" if noun == "DeleteOptions" and request.body.strip() else request.query.get("dryRun", "")
    if given not in ("", "All"):
        raise invalid(noun, "meta.k8s.io", "", [unsupported("dryRun", given, ("All",))])
    return given == "All"


def body_of(request: Request, kind: Kind) -> Object:
    """The body as an object of this kind. Raises 400 and 413."""
    if len(request.body) > _BODY_LIMIT:
        raise Refused(413, "RequestEntityTooLarge", f"Request entity too large: limit is {_BODY_LIMIT}", {})
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if media not in ("application/json", "", "*/*"):
        # kubectl's typed commands (`create namespace`, `auth can-i`) send protobuf, which the lab does not speak; -f and patches are JSON.
        known = "application/json"
        text = f"the body of the request was in an unknown format - accepted media types include: {known}"
        raise Refused(415, "UnsupportedMediaType", text, {})
    try:
        obj = json.loads(request.body)
    except ValueError as no:
        raise bad(f"the object provided is unrecognized (must be of type {kind.kind}): couldn't get version/kind; json parse error: {no}") from None
    if not isinstance(obj, dict):
        raise bad(f"the object provided is unrecognized (must be of type {kind.kind}): couldn't get version/kind; json parse error: not an object")
    if kind.crd and obj.get("kind", kind.kind) != kind.kind and obj.get("apiVersion", kind.api_version) == kind.api_version:
        # A custom resource is read before its kind is looked at, so this one is a fault of the object and not of the decoder (measured).
        named = str((obj.get("metadata") or {}).get("name", ""))
        raise invalid(str(obj["kind"]), kind.group, named, [wrong("kind", obj["kind"], f"must be {kind.kind}")])
    if obj.get("kind", kind.kind) != kind.kind or (not obj.get("kind") and kind.crd):
        raise bad(
            f'{obj.get("kind", "")} in version "{obj.get("apiVersion", "")}" cannot be handled as a {kind.kind}: the object provided is of another kind'  # noqa: E501 - one text or table row, as it is read
        )
    if obj.get("apiVersion", kind.api_version) != kind.api_version:
        raise bad(f"the API version in the data ({obj.get('apiVersion')}) does not match the expected API version ({kind.api_version})")
    return {**obj, "apiVersion": kind.api_version, "kind": kind.kind, "metadata": dict(obj.get("metadata") or {})}


def get(call: Call) -> Response:
    checked_version(call.store, call.cluster, call.request.query.get("resourceVersion", ""))
    found = call.stands()
    if call.target.subresource == "scale":
        return answer(200, scale_of(found))
    if call.target.subresource in ("", "status"):
        return answer(200, found)
    if call.target.subresource == "proxy":
        return proxied(call)
    raise not_allowed()


def proxied(call: Call) -> Response:
    """GET pods/NAME:PORT/proxy/PATH: what the Pod itself answers, no ingress between."""
    parts = call.target.name.split(":")
    scheme_given = len(parts) == 3  # noqa: PLR2004 - https:NAME:PORT
    name, port = (parts[1], parts[2]) if scheme_given else (parts[0], parts[1] if len(parts) > 1 else "")
    if call.store.get(call.cluster, "Pod", call.namespace, name) is None:
        raise not_found(call.kind, name)
    said = call.world.pod_answers(call.cluster, call.namespace, name, int(port) if port.isdigit() else 80, "/" + call.target.rest)
    if said is None:
        raise Refused(
            503,
            "ServiceUnavailable",
            "error trying to reach service: dial tcp: connect: connection refused",
            {"causes": [{"reason": "UnexpectedServerResponse", "message": "connection refused"}]},
        )
    return Response(*said)


def create(call: Call) -> Response:
    if call.target.subresource == "eviction":
        return evicted(call)
    if call.target.name:
        raise not_allowed()
    kind, obj = call.kind, body_of(call.request, call.kind)
    metadata = obj["metadata"]
    if kind.namespaced:
        if metadata.get("namespace", call.namespace) != call.namespace:
            raise bad("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = call.namespace
    else:
        metadata.pop("namespace", None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + "".join(call.store.rng.choice(_SUFFIX) for _ in range(5))
    if "status" in kind.subresources and kind.kind != "Pod":
        obj.pop("status", None)  # the status is the controllers': a create cannot bring one
    obj = begun(kind.kind, admitted(kind.kind, obj), call.store.clock.now)
    _refuse_namespace(call, metadata.get("name", ""))
    refuse_faults(kind, obj, None)
    refuse_over_quota(call.store, call.cluster, kind.kind, obj)
    obj = addressed(call.store, call.cluster, kind.kind, obj)
    try:
        made = call.store.create(call.cluster, kind.kind, obj, call.by, dry=call.dry)
    except AlreadyThereError as there:
        raise exists(kind, metadata["name"], going="deletionTimestamp" in there.args[0]["metadata"]) from None
    return answer(201, made)


def _refuse_namespace(call: Call, name: str) -> None:
    if not call.kind.namespaced:
        return
    home = call.store.get(call.cluster, "Namespace", "", call.namespace)
    if home is None:
        raise not_found(KINDS["Namespace"], call.namespace)
    if "deletionTimestamp" in home["metadata"]:
        why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
        causes = [{"reason": "NamespaceTerminating", "message": f"namespace {call.namespace} is being terminated", "field": "metadata.namespace"}]
        raise forbidden(call.kind, name, why, causes)


def update(call: Call) -> Response:
    """PUT. Without a resourceVersion it overwrites whatever stands there (measured)."""
    scale = call.target.subresource == "scale"
    kind = call.kind
    body = json.loads(call.request.body or b"{}") if scale else body_of(call.request, kind)
    given = body.get("metadata") or {}
    if not given.get("name"):
        raise bad(f"the name of the object ({call.target.name} based on URL) was undeterminable: name must be provided")
    if given["name"] != call.target.name:
        raise bad(f"the name of the object ({given['name']}) does not match the name on the URL ({call.target.name})")
    if kind.namespaced and given.get("namespace", call.namespace) != call.namespace:
        raise bad(f"the namespace of the object ({given.get('namespace')}) does not match the namespace on the URL ({call.namespace})")
    if kind.kind in _MADE_BY_PUT and not scale and not call.target.subresource and not call.found():
        return _made_by_put(call, body)
    old = call.stands()
    if scale:
        return _written(call, old, scaled(old, body), given, as_scale=True)
    wanted = admitted(kind.kind, body, new=False)
    if kind.kind == "Service" and not wanted["spec"].get("clusterIP") and wanted["spec"]["type"] != "ExternalName":
        wanted = {**wanted, "spec": {**wanted["spec"], **{key: old["spec"][key] for key in ("clusterIP", "clusterIPs") if key in old["spec"]}}}
    return _written(call, old, wanted, given)


def _made_by_put(call: Call, body: Object) -> Response:
    """A PUT that finds nothing creates, where the kind lets it; a version in it asks for nothing, a uid for an object that is not there."""
    kind, metadata = call.kind, dict(body["metadata"])
    if metadata.get("uid"):
        raise other_uid(kind, call.target.name, metadata["uid"], "")
    if kind.namespaced:
        metadata["namespace"] = call.namespace
    obj = admitted(kind.kind, {**body, "metadata": metadata})
    _refuse_namespace(call, call.target.name)
    refuse_faults(kind, obj, None)
    obj = addressed(call.store, call.cluster, kind.kind, obj)
    made = call.store.create(call.cluster, kind.kind, obj, call.by, dry=call.dry)
    if call.dry and "resourceVersion" in metadata:
        made = {**made, "metadata": {**made["metadata"], "resourceVersion": metadata["resourceVersion"]}}  # an echo (measured)
    return answer(201, made)


def patch(call: Call) -> Response:
    content_type = call.request.headers.get("content-type", "")
    refuse_media(call.kind, content_type)  # before anybody looks whether the object is there (measured)
    old = call.stands()
    if call.target.subresource == "scale":
        scale = patched(call.kind, scale_of(old), content_type, call.request.body)
        return _written(call, old, scaled(old, scale), scale["metadata"], as_scale=True)
    new = patched(call.kind, old, content_type, call.request.body)
    given = new.get("metadata") or {}
    if given.get("name") != call.target.name:
        raise bad(f"the name of the object ({given.get('name', '')}) does not match the name on the URL ({call.target.name})")
    if not isinstance(given, dict) or new.get("kind", call.kind.kind) != call.kind.kind:
        raise bad("the object provided is unrecognized")
    try:
        wanted = admitted(call.kind.kind, new, new=False)
    except Refused as no:  # what a decoder refuses in a body is, in a patch, a fault of the patched object (measured)
        raise Refused(422, "Invalid", f' "" is invalid: patch: Invalid value: {json.dumps(new)}: {no.message}', {
            "causes": [{"reason": "FieldValueInvalid", "message": no.message, "field": "patch"}]}) from None  # fmt: skip
    return _written(call, old, wanted, given)


def _written(call: Call, old: Object, new: Object, given: Object, *, as_scale: bool = False) -> Response:
    """The common end of PUT and PATCH: preconditions in the metadata, what this path may touch, validation, the write."""
    kind, name = call.kind, call.target.name
    refuse_stale(kind, old, given, put=call.by.verb == "update", blind=as_scale)
    new = touched(kind, old, new, call.target.subresource)
    faults = other_life(old, given)
    if call.target.subresource == "":
        refuse_faults(kind, new, old, faults)
        new = addressed(call.store, call.cluster, kind.kind, new)
    elif faults:
        raise invalid(kind.kind, kind.group, name, faults)
    try:
        made = call.store.replace(call.cluster, kind.kind, new, call.by, expect=given.get("resourceVersion", ""), dry=call.dry)
    except StaleError:
        raise conflict(kind, name) from None
    except NotThereError:
        raise not_found(kind, name) from None
    return answer(200, scale_of(made) if as_scale else made)


def _delete_options(request: Request) -> dict[str, Any]:
    try:
        options = json.loads(request.body) if request.body.strip() else {}
    except ValueError as no:
        raise bad(f"error decoding DeleteOptions: {no}") from None
    query = {} if request.body.strip() else request.query  # options in a body are all that count: the query beside it is not read (measured)
    if "gracePeriodSeconds" in query:
        options["gracePeriodSeconds"] = int(query["gracePeriodSeconds"])
    if "propagationPolicy" in query:
        options["propagationPolicy"] = query["propagationPolicy"]
    if (dry := options.get("dryRun", [])) not in ([], ["All"]):
        raise invalid("DeleteOptions", "meta.k8s.io", "", [unsupported("dryRun", dry, ("All",))])
    policy = options.get("propagationPolicy", "Background")
    if policy not in ("Background", "Foreground", "Orphan"):
        raise invalid("DeleteOptions", "meta.k8s.io", "", [unsupported("propagationPolicy", policy, ("Background", "Foreground", "Orphan"))])
    return dict(options)


def delete(call: Call) -> Response:
    if call.target.subresource:
        raise not_allowed()
    options = _delete_options(call.request)
    kind, name = call.kind, call.target.name
    if kind.kind == "Namespace" and name in ("default", "kube-system", "kube-public"):
        raise forbidden(kind, name, "this namespace may not be deleted")
    wants = options.get("preconditions") or {}
    old = call.stands()
    for what, key in (("uid", "uid"), ("resourceVersion", "resourceVersion")):
        if wants.get(key) and wants[key] != old["metadata"][key]:
            raise precondition(kind, name, what, wants[key], old["metadata"][key])
    dry = call.dry or options.get("dryRun") == ["All"]
    gone = call.store.delete(
        call.cluster,
        kind.kind,
        call.namespace,
        name,
        call.by,
        grace=options.get("gracePeriodSeconds"),
        policy=options.get("propagationPolicy", "Background"),
        dry=dry,
    )
    # What a dry run would have left is not there to be looked at: it is held by what holds the object.
    held = bool(gone["metadata"].get("finalizers")) or (kind.kind == "Namespace" and bool((gone.get("spec") or {}).get("finalizers")))
    stays = held if dry else call.store.objects[call.cluster][kind.kind].get((call.namespace, name)) is not None
    if kind.kind in _RETURNED or stays:
        return answer(200, gone)
    details = {
        key: value for key, value in {"name": name, "group": kind.group, "kind": kind.resource, "uid": old["metadata"]["uid"]}.items() if value
    }
    return answer(200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})


def delete_all(call: Call) -> Response:
    options, query = _delete_options(call.request), call.request.query
    selection = Selection(call.kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    there = [obj for obj in call.store.list(call.cluster, call.kind.kind, call.namespace) if selection(obj)]
    version = call.store.version(call.cluster)  # the answer is that list: its version, its objects as they stood before
    for obj in there:
        call.store.delete(
            call.cluster, call.kind.kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"], call.by,
            grace=options.get("gracePeriodSeconds"), policy=options.get("propagationPolicy", "Background"), dry=call.dry,
        )  # fmt: skip
    return answer(
        200,
        {
            "kind": f"{call.kind.kind}List",
            "apiVersion": call.kind.api_version,
            "metadata": {"resourceVersion": version},
            "items": [item_of(call.kind, obj) for obj in there],
        },
    )


def evicted(call: Call) -> Response:
    pod = call.stands()
    body = json.loads(call.request.body or b"{}")
    if (body.get("metadata") or {}).get("name", call.target.name) != call.target.name:
        raise bad(f'name in URL does not match name in Eviction object: "{call.target.name}" != "{body["metadata"]["name"]}"')
    options = body.get("deleteOptions") or {}
    dry = call.dry or options.get("dryRun") == ["All"]
    wants = options.get("preconditions") or {}
    for what in ("uid", "resourceVersion"):
        if wants.get(what) and wants[what] != pod["metadata"][what]:
            raise precondition(call.kind, call.target.name, what, wants[what], pod["metadata"][what])
    refuse_eviction(call.store, call.cluster, pod, dry=dry)
    if not dry:
        mark_evicted(call.store, call.cluster, pod)
    call.store.delete(call.cluster, "Pod", call.namespace, call.target.name, call.by, grace=options.get("gracePeriodSeconds"), dry=dry)
    return answer(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})
