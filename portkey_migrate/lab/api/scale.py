"""/scale: a workload seen as a number. At 0 `spec` is empty: absent means 0 (measured)."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.api.message import invalid, wrong
from portkey_migrate.lab.store import Object
from portkey_migrate.lab.truth import held

FACTS = (
    held("at 0 the spec is empty", "tests/contract/test_workloads.py::test_scale_at_zero_has_an_empty_spec"),
    held("PATCH and PUT change one number", "tests/contract/test_workloads.py::test_scale_changes_one_number"),
)


def scale_of(obj: Object) -> Object:
    spec, metadata = obj["spec"], obj["metadata"]
    wanted: dict[str, Any] = {"replicas": spec["replicas"]} if spec.get("replicas") else {}
    terms = [f"{key}={value}" for key, value in ((spec.get("selector") or {}).get("matchLabels") or {}).items()]
    status: dict[str, Any] = {"replicas": (obj.get("status") or {}).get("replicas", 0)}
    if terms:
        status["selector"] = ",".join(terms)
    kept = {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp") if key in metadata}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": kept, "spec": wanted, "status": status}


def scaled(obj: Object, scale: Object) -> Object:
    """The workload as a Scale wants it. Raises a 422."""
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    if not isinstance(replicas, int) or replicas < 0:
        raise invalid("Scale", "autoscaling", obj["metadata"]["name"], [wrong("spec.replicas", replicas, "must be greater than or equal to 0")])
    return {**obj, "spec": {**obj["spec"], "replicas": replicas}}
