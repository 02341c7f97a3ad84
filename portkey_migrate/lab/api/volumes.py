"""Claims, volumes and classes: what the server fills in and what it refuses about them."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.api.message import Cause, missing, unsupported
from portkey_migrate.lab.store import Object
from portkey_migrate.lab.truth import held

FACTS = (
    held("a claim's spec stays as it is", "tests/contract/test_workloads.py::test_a_claim_keeps_its_spec"),
    held("what a volume is filled up with", "tests/real/regressions/a-put-of-a-volume-gets-its-defaults.yaml"),
)


def filled(into: Object, **defaults: Any) -> Object:
    return {
        **{key: value for key, value in defaults.items() if key not in into or into[key] is None},
        **{key: value for key, value in into.items() if value is not None},
    }


def with_claim_defaults(obj: Object) -> Object:
    """The protection finalizer is admission's: an unused claim goes at once when deleted, a used one stays."""
    metadata = _with_finalizer(obj["metadata"], "kubernetes.io/pvc-protection")
    return {
        **obj,
        "metadata": metadata,
        "spec": filled(obj.get("spec") or {}, volumeMode="Filesystem"),
        "status": filled(obj.get("status") or {}, phase="Pending"),
    }


def with_volume_defaults(obj: Object) -> Object:
    metadata = _with_finalizer(obj["metadata"], "kubernetes.io/pv-protection")
    spec = filled(obj.get("spec") or {}, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    return {**obj, "metadata": metadata, "spec": spec, "status": filled(obj.get("status") or {}, phase="Pending")}


def _with_finalizer(metadata: Object, name: str) -> Object:
    if metadata.get("deletionTimestamp") or name in (metadata.get("finalizers") or ()):
        return metadata
    return {**metadata, "finalizers": [*(metadata.get("finalizers") or ()), name]}


def with_class_defaults(obj: Object) -> Object:
    return filled(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


#: Where a volume may be, as far as this world's volumes are.
_SOURCES = ("csi", "hostPath", "nfs", "local", "rbd", "cephfs", "iscsi", "fc")


_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")


def volume_faults(obj: Object, old: Object | None) -> list[Cause]:
    spec, out = obj.get("spec") or {}, []
    if old is not None and any(spec.get(source) != old["spec"].get(source) for source in _SOURCES):
        at = "spec.persistentvolumesource"
        out.append(Cause("FieldValueForbidden", at, f"Forbidden: {at} is immutable after creation"))
    if not spec.get("accessModes"):
        out.append(missing("spec.accessModes"))
    if not spec.get("capacity"):
        out += [missing("spec.capacity"), unsupported("spec.capacity", None, ("storage",))]
    if not any(source in spec for source in _SOURCES):
        out.append(missing("spec", "must specify a volume type"))
    if spec.get("persistentVolumeReclaimPolicy") not in ("Retain", "Delete", "Recycle"):
        out.append(unsupported("spec.persistentVolumeReclaimPolicy", spec.get("persistentVolumeReclaimPolicy"), ("Delete", "Recycle", "Retain")))
    return out


def claim_faults(obj: Object, old: Object | None) -> list[Cause]:
    spec, out = obj.get("spec") or {}, []
    if old is not None:

        def fixed(one: Object) -> Object:
            bound = one["status"].get("phase") == "Bound" if "status" in one else False
            return {key: value for key, value in one["spec"].items() if not (key in ("resources", "volumeAttributesClassName") and bound)}

        was, is_ = fixed(old), fixed({**obj, "status": old.get("status", {})})
        if "volumeName" not in was:
            is_.pop("volumeName", None)  # the binder's own write: a claim without a volume may be given one, once
        if was != is_:
            out.append(
                Cause(
                    "FieldValueForbidden",
                    "spec",
                    "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
                )
            )
        return out
    if not spec.get("accessModes"):
        out.append(missing("spec.accessModes", "at least 1 access mode is required"))
    out += [unsupported("spec.accessModes", mode, _MODES) for mode in spec.get("accessModes") or () if mode not in _MODES]
    if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
        out.append(missing("spec.resources[storage]"))
    return out
