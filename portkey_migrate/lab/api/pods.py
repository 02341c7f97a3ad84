"""A Pod's spec, alone or as a template: what the server fills in, what it refuses."""

from __future__ import annotations

from portkey_migrate.lab.api.message import Cause, missing, unsupported
from portkey_migrate.lab.store import GRACE, Object
from portkey_migrate.lab.truth import held

FACTS = (
    held("what a Pod is filled up with", "tests/real/regressions/a-put-of-a-pod-gets-its-defaults.yaml"),
    held("one that no node has goes at once", "tests/contract/test_workloads.py::test_a_pod_that_no_node_has_goes_at_once"),
)


def _container(one: Object) -> Object:
    image = one.get("image", "")
    latest = "@" not in image and (":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest"))
    out = {
        "imagePullPolicy": "Always" if latest else "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "resources": {},
        **one,
    }
    if out.get("ports"):
        out["ports"] = [{"protocol": "TCP", **port} for port in out["ports"]]
    return out


def with_pod_defaults(spec: Object, *, alone: bool = False) -> Object:
    """`alone`: a Pod itself, not a template; the scheduler's and admission's fields come to it too."""
    out = {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "terminationGracePeriodSeconds": GRACE,
        "schedulerName": "default-scheduler",
        "securityContext": {},
        **spec,
    }
    for key in ("containers", "initContainers"):
        if out.get(key):
            out[key] = [_container(one) if isinstance(one, dict) else one for one in out[key]]
    if alone:
        out = {"enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority", "priority": 0, **out}
        out.setdefault(
            "tolerations",
            [
                {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
                for key in ("not-ready", "unreachable")
            ],
        )
    return out


def pod_faults(at: str, spec: Object) -> list[Cause]:
    out = []
    if not spec.get("containers"):
        out.append(missing(f"{at}.containers"))
    for n, one in enumerate(spec.get("containers") or ()):
        if not one.get("name"):
            out.append(missing(f"{at}.containers[{n}].name"))
        if not one.get("image"):
            out.append(missing(f"{at}.containers[{n}].image"))
    if spec.get("restartPolicy") not in ("Always", "OnFailure", "Never"):
        out.append(unsupported(f"{at}.restartPolicy", spec.get("restartPolicy"), ("Always", "OnFailure", "Never")))
    return out
