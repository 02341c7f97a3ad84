"""What the server adds to an object and what it refuses about one, a kind: `admitted` fills defaults in, `faults` names what is wrong.

Custom resources get neither, but for what was measured (Argo CD's operation). A world file's objects go through `admitted` too, so
that what stands at the beginning looks as if it had been posted.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any

from portkey_migrate.lab.api.message import Cause, bad, invalid, missing, wrong
from portkey_migrate.lab.api.names import key_faults, metadata_faults
from portkey_migrate.lab.api.network import ingress_faults, service_faults, slice_faults
from portkey_migrate.lab.api.pods import pod_faults, with_pod_defaults
from portkey_migrate.lab.api.quantities import canonical
from portkey_migrate.lab.api.volumes import claim_faults, filled, volume_faults, with_claim_defaults, with_class_defaults, with_volume_defaults
from portkey_migrate.lab.kinds import Kind
from portkey_migrate.lab.store import Object, Store, stamp
from portkey_migrate.lab.truth import assumed, held, measured

FACTS = (
    held("what a Deployment is filled up with", "tests/contract/test_workloads.py::test_a_deployment_gets_its_defaults"),
    held("a selector stays as it is", "tests/contract/test_workloads.py::test_a_selector_is_immutable"),
    held("a Secret takes base64 alone", "tests/contract/test_objects.py::test_a_secret_takes_base64_alone"),
    held("a Secret keeps its type", "tests/contract/test_objects.py::test_a_secret_keeps_its_type"),
    measured("an operation whose sync is no object is 422", "Argo CD once"),
    assumed("custom resources are judged no further", "the schemas of VolSync and Argo CD are not here", "kinder"),
)

_SECRET_BYTES = 1048576


# ---- defaults ----


def _namespace(obj: Object) -> Object:
    metadata = obj["metadata"]
    labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata.get("name", "")}
    return {
        **obj,
        "metadata": {**metadata, "labels": labels},
        "spec": filled(obj.get("spec") or {}, finalizers=["kubernetes"]),
        "status": filled(obj.get("status") or {}, phase="Active"),
    }


def _secret(obj: Object) -> Object:
    """StringData wins over data and is never kept. Bad base64 is a 400 of the decoder, not a 422 of validation (measured)."""
    data = dict(obj.get("data") or {})
    for key, value in data.items():
        if not isinstance(value, str):
            kind = "number" if isinstance(value, int | float) else type(value).__name__
            raise bad(
                f'Secret in version "v1" cannot be handled as a Secret: json: cannot unmarshal {kind} into Go struct field Secret.data of type []uint8'  # noqa: E501 - one text or table row, as it is read
            )
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise bad(f'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte {_bad_byte(value)}') from None
        data[key] = value
    for key, value in (obj.get("stringData") or {}).items():
        data[key] = base64.b64encode(str(value).encode()).decode()
    out = {key: value for key, value in filled(obj, type="Opaque").items() if key not in ("data", "stringData")}
    return {**out, "data": data} if data else out


def _bad_byte(text: str) -> int:
    """Where Go's decoder gives up: the first byte that is no base64, or the end of what is not padded."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = text.rstrip("=")
    return next((n for n, char in enumerate(bare) if char not in alphabet), len(text) if len(bare) == len(text) else len(bare))


def _configmap(obj: Object) -> Object:
    for value in (obj.get("data") or {}).values():
        if not isinstance(value, str):
            noun = (
                "bool"
                if isinstance(value, bool)
                else "number"
                if isinstance(value, int | float)
                else "object"
                if isinstance(value, dict)
                else "array"
            )
            raise bad(
                f'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal {noun} into Go struct field ConfigMap.data of type string'  # noqa: E501 - one text or table row, as it is read
            )
    return {key: value for key, value in obj.items() if key not in ("data", "binaryData") or value}


def _workload(obj: Object) -> Object:
    spec = obj.get("spec") or {}
    _number(obj, spec, "replicas")
    template = spec.get("template") or {}
    spec = filled(spec, replicas=1)
    spec["template"] = {**template, "metadata": template.get("metadata") or {}, "spec": with_pod_defaults(template.get("spec") or {})}
    if obj.get("kind") == "Deployment":
        strategy = filled(spec.get("strategy") or {}, type="RollingUpdate")
        if strategy["type"] == "RollingUpdate":
            strategy["rollingUpdate"] = filled(strategy.get("rollingUpdate") or {}, maxSurge="25%", maxUnavailable="25%")
        spec = filled({**spec, "strategy": strategy}, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    elif obj.get("kind") == "StatefulSet":
        update = filled(spec.get("updateStrategy") or {}, type="RollingUpdate")
        if update["type"] == "RollingUpdate":
            update["rollingUpdate"] = filled(update.get("rollingUpdate") or {}, partition=0)
        spec["persistentVolumeClaimRetentionPolicy"] = filled(
            spec.get("persistentVolumeClaimRetentionPolicy") or {}, whenDeleted="Retain", whenScaled="Retain"
        )
        spec = filled({**spec, "updateStrategy": update}, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    return {**obj, "spec": spec}


def _number(obj: Object, spec: Object, name: str) -> None:
    value = spec.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        noun = "string" if isinstance(value, str) else "bool" if isinstance(value, bool) else "number"
        kind = obj.get("kind", "")
        raise bad(
            f'{kind} in version "v1" cannot be handled as a {kind}: json: cannot unmarshal {noun} into Go struct field {kind}Spec.spec.{name} of type int32'  # noqa: E501 - one text or table row, as it is read
        )


def _pod(obj: Object) -> Object:
    return {
        **obj,
        "spec": with_pod_defaults(obj.get("spec") or {}, alone=True),
        "status": filled(obj.get("status") or {}, phase="Pending", qosClass="BestEffort"),
    }


_OF_AN_ADDRESS = frozenset({"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"})


def _service(obj: Object) -> Object:
    spec = filled(obj.get("spec") or {}, type="ClusterIP", sessionAffinity="None")
    if spec["type"] == "ExternalName" and "clusterIPs" in spec:  # one that becomes such gives its own address back
        spec = {key: value for key, value in spec.items() if key not in _OF_AN_ADDRESS}
    ports = [filled(port, protocol="TCP", targetPort=port.get("port")) if isinstance(port, dict) else port for port in spec.get("ports") or ()]
    if ports:
        spec["ports"] = ports
    if spec["type"] != "ExternalName":
        spec = filled(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    return {**obj, "spec": spec, "status": filled(obj.get("status") or {}, loadBalancer={})}


def _ingress(obj: Object) -> Object:
    return {**obj, "status": filled(obj.get("status") or {}, loadBalancer={})}


def _slice(obj: Object) -> Object:
    out = dict(obj)
    ports = [filled(port, name="", protocol="TCP") for port in out.pop("ports", None) or ()]
    if ports:
        out["ports"] = ports
    out["endpoints"] = [{"conditions": {}, **one} for one in out.get("endpoints") or ()]
    return out


def _quota(obj: Object) -> Object:
    """Limits are kept as the API writes quantities: "1000000" comes back as "1M"."""
    hard = (obj.get("spec") or {}).get("hard")
    spec = {key: value for key, value in (obj.get("spec") or {}).items() if key != "hard"}
    return {**obj, "spec": {**spec, "hard": {key: canonical(value) for key, value in hard.items()}} if hard else spec}


_DEFAULTS: dict[str, Callable[[Object], Object]] = {
    "Namespace": _namespace,
    "Secret": _secret,
    "ConfigMap": _configmap,
    "Deployment": _workload,
    "ReplicaSet": _workload,
    "StatefulSet": _workload,
    "Pod": _pod,
    "Service": _service,
    "Ingress": _ingress,
    "EndpointSlice": _slice,
    "ResourceQuota": _quota,
    "PersistentVolumeClaim": with_claim_defaults,
    "PersistentVolume": with_volume_defaults,
    "StorageClass": with_class_defaults,
}
#: What creation alone adds: an update that took it away means it. A Namespace's spec is no update's to change at all.
_ONCE = frozenset({"Namespace"})
#: Kinds of which an update fills the spec in alone: their finalizers, and their first status, are creation's.
_SPEC_ALONE = frozenset({"PersistentVolumeClaim", "PersistentVolume", "Pod"})


def admitted(kind: str, obj: Object, *, new: bool = True) -> Object:
    """An object with the server's defaults. Raises the decoder's 400s."""
    fill = _DEFAULTS.get(kind)
    if fill is None or (kind in _ONCE and not new):
        return obj
    filled_in = fill({**obj, "kind": kind})
    return {**obj, "spec": filled_in["spec"]} if kind in _SPEC_ALONE and not new else filled_in


#: What a controller's status says before the controller has looked (measured on a server without one).
_BEGUN: dict[str, Object] = {
    "Deployment": {},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "ReplicaSet": {"replicas": 0},
    "DaemonSet": {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0},
    "ResourceQuota": {},
    "PodDisruptionBudget": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
}


def begun(kind: str, obj: Object, now: float) -> Object:
    """A new object with the status that the server itself gives it."""
    if kind == "PersistentVolume":
        return {**obj, "status": {**obj["status"], "lastPhaseTransitionTime": stamp(now)}}
    return {**obj, "status": dict(_BEGUN[kind])} if kind in _BEGUN and "status" not in obj else obj


def addressed(store: Store, cluster: str, kind: str, obj: Object) -> Object:
    """A Service without an address is given one from 10.43.0.0/16; anything else comes back as it is."""
    spec = obj.get("spec") or {}
    if kind != "Service" or spec.get("type") == "ExternalName":
        return obj
    address = spec.get("clusterIP")
    if not address:
        taken = {one["spec"].get("clusterIP") for one in store.list(cluster, "Service")}
        while not address or address in taken:
            address = f"10.43.{store.rng.randrange(1, 255)}.{store.rng.randrange(1, 255)}"
    return {**obj, "spec": {**spec, "clusterIP": address, "clusterIPs": spec.get("clusterIPs") or [address]}}


# ---- faults ----


def _secret_faults(obj: Object, old: Object | None) -> list[Cause]:
    data = obj.get("data") or {}
    out = key_faults("data", data)
    if old is not None and old.get("type") != obj.get("type"):
        out.append(wrong("type", obj.get("type"), "field is immutable"))
    if sum(len(value) * 3 // 4 for value in data.values()) > _SECRET_BYTES:
        out.append(Cause("FieldValueTooLong", "data", f"Too long: may not be more than {_SECRET_BYTES} bytes"))
    if obj.get("type") == "kubernetes.io/tls":
        out += [missing(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    if old is not None and old.get("immutable") and (data != old.get("data") or not obj.get("immutable")):
        out.append(Cause("FieldValueForbidden", "data", "Forbidden: field is immutable when `immutable` is set"))
    return out


def _configmap_faults(obj: Object, _old: Object | None) -> list[Cause]:
    return key_faults("data", obj.get("data") or {})


def _budget_faults(obj: Object, _old: Object | None) -> list[Cause]:
    spec, out = obj.get("spec") or {}, []
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        out.append(wrong("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
    out += [
        wrong(f"spec.{name}", spec[name], "must be greater than or equal to 0")
        for name in ("minAvailable", "maxUnavailable")
        if isinstance(spec.get(name), int) and spec[name] < 0
    ]
    return out


def _workload_faults(obj: Object, old: Object | None) -> list[Cause]:
    spec, out = obj.get("spec") or {}, []
    if spec.get("replicas", 1) < 0:
        out.append(wrong("spec.replicas", spec["replicas"], "must be greater than or equal to 0"))
    selector = spec.get("selector")
    if not selector:
        out.append(missing("spec.selector"))
    labels = (spec.get("template", {}).get("metadata") or {}).get("labels") or {}
    wanted = (selector or {}).get("matchLabels") or {}
    if not selector or not wanted.items() <= labels.items():
        out.append(
            Cause(
                "FieldValueInvalid",
                "spec.template.metadata.labels",
                f"Invalid value: {json.dumps(labels, separators=(',', ':'))}: `selector` does not match template `labels`",
            )
        )
    if old is not None and old["spec"].get("selector") != selector:
        out.append(Cause("FieldValueInvalid", "spec.selector", f"Invalid value: {json.dumps(selector, separators=(',', ':'))}: field is immutable"))
    return out + pod_faults("spec.template.spec", spec.get("template", {}).get("spec") or {})


def _pod_faults(obj: Object, old: Object | None) -> list[Cause]:
    if old is None:
        return pod_faults("spec", obj.get("spec") or {})
    was_until, is_until = (one.get("spec", {}).get("activeDeadlineSeconds") for one in (old, obj))
    if was_until is not None and (is_until is None or is_until > was_until):
        return [wrong("spec.activeDeadlineSeconds", is_until, "must be less than or equal to previous value")]
    free = ("activeDeadlineSeconds", "tolerations", "containers", "initContainers")
    was, is_ = ({key: value for key, value in one.get("spec", {}).items() if key not in free} for one in (old, obj))
    if was != is_:
        return [Cause("FieldValueForbidden", "spec", "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"  # noqa: E501 - one text or table row, as it is read
                      "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")]  # noqa: E501 - one text or table row, as it is read  # fmt: skip
    return []


def _quota_faults(obj: Object, _old: Object | None) -> list[Cause]:
    return [
        wrong(f"spec.hard[{key}]", value, "must be a non-negative integer quantity")
        for key, value in ((obj.get("spec") or {}).get("hard") or {}).items()
        if str(value).startswith("-")
    ]


def _lease_faults(obj: Object, _old: Object | None) -> list[Cause]:
    seconds = (obj.get("spec") or {}).get("leaseDurationSeconds")
    return [] if seconds is None or seconds > 0 else [wrong("spec.leaseDurationSeconds", seconds, "must be greater than 0")]


def _application_faults(obj: Object, _old: Object | None) -> list[Cause]:
    """Argo CD's schema, as far as it was measured to refuse (real/ A7)."""
    out = [missing("spec")] if "spec" not in obj else []
    operation = obj.get("operation")
    if operation is not None and not isinstance(operation, dict):
        out.append(_typed("operation", operation))
    elif operation and "sync" in operation and not isinstance(operation["sync"], dict):
        out.append(_typed("operation.sync", operation["sync"]))
    return out


def _typed(path: str, value: Any) -> Cause:
    noun = "string" if isinstance(value, str) else "boolean" if isinstance(value, bool) else "array" if isinstance(value, list) else "integer"
    return Cause("FieldValueTypeInvalid", path, f'Invalid value: "{noun}": {path} in body must be of type object: "{noun}"')


_FAULTS: dict[str, Callable[[Object, Object | None], list[Cause]]] = {
    "Secret": _secret_faults,
    "ConfigMap": _configmap_faults,
    "Deployment": _workload_faults,
    "ReplicaSet": _workload_faults,
    "StatefulSet": _workload_faults,
    "Pod": _pod_faults,
    "Service": service_faults,
    "Ingress": ingress_faults,
    "EndpointSlice": slice_faults,
    "PersistentVolumeClaim": claim_faults,
    "ResourceQuota": _quota_faults,
    "Lease": _lease_faults,
    "PodDisruptionBudget": _budget_faults,
    "PersistentVolume": volume_faults,
    "Application": _application_faults,
}


def faults(kind: Kind, obj: Object, old: Object | None) -> list[Cause]:
    """Everything that is wrong with an object as it would stand; `old` is what stands now."""
    out = metadata_faults(kind.kind, obj)
    judge = _FAULTS.get(kind.kind)
    return out if judge is None else out + judge(obj, old)


def refuse_faults(kind: Kind, obj: Object, old: Object | None, more: Sequence[Cause] = ()) -> None:
    """Raises the 422 that names them all."""
    found = [*more, *faults(kind, obj, old)]
    if found:
        raise invalid(kind.kind, kind.group, obj["metadata"].get("name", ""), found)
