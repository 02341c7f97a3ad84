"""What the random scripts say about each kind: a valid body, bodies with one fault, changes that may or may not be allowed, its own doors."""

# ruff: noqa: E501 - a table: one body a line reads better than one key a line
from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.real.script import JSON, MERGE, Step

Body = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    resource: str
    path: str  # of the collection
    fresh: Callable[[random.Random, str], Body]
    changes: tuple[Callable[[random.Random], Body], ...]
    broken: tuple[Callable[[random.Random, Body], Body], ...]
    statuses: tuple[Callable[[random.Random], Body], ...] = ()
    special: tuple[Callable[[random.Random, Any, str], Step], ...] = ()
    fields: tuple[str, ...] = ()
    own_names: bool = field(default=True)  # False: named after the run, because the cluster has one room for all

    def name(self, short: str) -> str:
        return short if self.own_names else f"{{ns}}-{short}"


def _with(path: str, value: Any) -> Callable[[random.Random, Body], Body]:
    """A body with one thing put in (None: taken out)."""

    def made(rng: random.Random, body: Body) -> Body:
        out = copy.deepcopy(body)
        into: Any = out
        *way, last = path.split(".")
        for key in way:
            into = into[int(key)] if isinstance(into, list) else into.setdefault(key, {})
        if isinstance(into, list):
            into[int(last)] = value
        elif value is None:
            into.pop(last, None)
        else:
            into[last] = value
        return out

    return made


def _always(body: Body) -> Callable[[random.Random], Body]:
    return lambda _: copy.deepcopy(body)


def _one_of(*bodies: Body) -> Callable[[random.Random], Body]:
    return lambda rng: copy.deepcopy(rng.choice(bodies))


#: Faults that any kind can have.
_NAMELESS = _with("metadata.name", None)
_BADLY_NAMED = _with("metadata.name", "Bad_Name")
_BAD_LABEL = _with("metadata.labels", {"run": "{ns}", "tier": "not a label!"})
_WRONG_KIND = _with("kind", "Gizmo")
_WRONG_VERSION = _with("apiVersion", "v9")
_ANY = (_NAMELESS, _BADLY_NAMED, _BAD_LABEL, _WRONG_KIND, _WRONG_VERSION)

NS = "/api/v1/namespaces/{ns}"


def _configmap(rng: random.Random, name: str) -> Body:
    return {"metadata": {"name": name}, "data": {rng.choice("kl"): rng.choice("12")}}


def _secret(rng: random.Random, name: str) -> Body:
    body: Body = {"metadata": {"name": name}, "data": {rng.choice("kl"): rng.choice(("eA==", "eQ=="))}}
    if rng.random() < 0.3:
        body["stringData"] = {"k": "plain"}
    if rng.random() < 0.2:
        body["type"] = "our/type"
    return body


def _pod_spec(rng: random.Random) -> Body:
    return {"containers": [{"name": "c", "image": rng.choice(("registry.example/app:1", "registry.example/app:2"))}]}


def _deployment(rng: random.Random, name: str) -> Body:
    labels = {"app": name.removeprefix("{ns}-")}
    template = {"metadata": {"labels": labels}, "spec": _pod_spec(rng)}
    spec: Body = {"selector": {"matchLabels": labels}, "template": template}
    if rng.random() < 0.7:
        spec["replicas"] = rng.choice((0, 1, 2))
    if rng.random() < 0.3:
        spec["strategy"] = {"type": "Recreate"}
    return {"metadata": {"name": name}, "spec": spec}


def _statefulset(rng: random.Random, name: str) -> Body:
    labels = {"app": name}
    return {
        "metadata": {"name": name},
        "spec": {"serviceName": name, "replicas": rng.choice((0, 1)), "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels}, "spec": _pod_spec(rng)}},
    }  # fmt: skip


def _pod(rng: random.Random, name: str) -> Body:
    spec = _pod_spec(rng)
    if rng.random() < 0.5:
        spec["nodeName"] = "nowhere"
    if rng.random() < 0.3:
        spec["terminationGracePeriodSeconds"] = rng.choice((0, 5))
    return {"metadata": {"name": name}, "spec": spec}


def _service(rng: random.Random, name: str) -> Body:
    spec: Body = {"selector": {"app": name}, "ports": [{"port": rng.choice((80, 8080))}]}
    if rng.random() < 0.2:
        spec["ports"][0]["targetPort"] = rng.choice(("http", 8080))
    if rng.random() < 0.15:
        spec = {"type": "ExternalName", "externalName": "elsewhere.example"}
    elif rng.random() < 0.15:
        spec["clusterIP"] = "None"
    return {"metadata": {"name": name}, "spec": spec}


def _ingress(rng: random.Random, name: str) -> Body:
    path = {"path": rng.choice(("/", "/x")), "pathType": rng.choice(("Prefix", "Exact", "ImplementationSpecific")),
            "backend": {"service": {"name": "s", "port": {"number": 80}}}}  # fmt: skip
    return {"metadata": {"name": name}, "spec": {"ingressClassName": "nginx", "rules": [{"host": f"{name}.example", "http": {"paths": [path]}}]}}


def _lease(rng: random.Random, name: str) -> Body:
    return {"metadata": {"name": name}, "spec": {"holderIdentity": rng.choice(("one", "two")), "leaseDurationSeconds": 15}}


def _quota(rng: random.Random, name: str) -> Body:
    return {"metadata": {"name": name}, "spec": {"hard": {"pods": rng.choice(("0", "1", "1000000"))}}}


def _quota_status(rng: random.Random) -> Body:
    """Plays the quota controller, which is off: a quota counts by its status. What is used is written by admission itself on both sides."""
    return {"status": {"hard": {"pods": rng.choice(("0", "5"))}, "used": {"pods": "0"}}}


def _budget(rng: random.Random, name: str) -> Body:
    """Of one name for all but some: two budgets of one Pod are a case of their own."""
    name = "a" if rng.random() < 0.8 else name
    return {"metadata": {"name": name}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"run": "{ns}"}}}}


def _budget_status(rng: random.Random) -> Body:
    allowed = rng.choice((0, 1))
    return {
        "status": {
            "observedGeneration": rng.choice((1, 1, 9)),
            "currentHealthy": 1 + allowed,
            "desiredHealthy": 1,
            "expectedPods": 2,
            "disruptionsAllowed": allowed,
        }
    }


def _claim(rng: random.Random, name: str) -> Body:
    spec: Body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": rng.choice(("1Gi", "2Gi"))}}, "storageClassName": "none"}
    if rng.random() < 0.4:
        spec["volumeName"] = "{ns}-a"
    return {"metadata": {"name": name}, "spec": spec}


def _volume(rng: random.Random, name: str) -> Body:
    spec: Body = {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "none",
        "csi": {"driver": "rbd.csi.ceph.com", "volumeHandle": name, "fsType": "ext4"},
    }  # fmt: skip
    if rng.random() < 0.5:
        spec["persistentVolumeReclaimPolicy"] = rng.choice(("Retain", "Delete"))
    if rng.random() < 0.5:
        spec["claimRef"] = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "{ns}", "name": rng.choice("ab")}
    return {"metadata": {"name": name}, "spec": spec}


def _space(rng: random.Random, name: str) -> Body:
    return {"metadata": {"name": name}}


def _application(rng: random.Random, name: str) -> Body:
    body: Body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name},
        "spec": {"project": rng.choice(("default", "other"))},
    }
    if rng.random() < 0.3:
        body["status"] = {"operationState": {"phase": "Succeeded"}}
    return body


def _backup(rng: random.Random, name: str) -> Body:
    return {
        "apiVersion": "volsync.backube/v1alpha1", "kind": "ReplicationSource", "metadata": {"name": name},
        "spec": {"sourcePVC": name, "trigger": {"manual": rng.choice(("one", "two"))}},
    }  # fmt: skip


def _slice(rng: random.Random, name: str) -> Body:
    return {"metadata": {"name": name}, "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]}


def _scale(rng: random.Random, shape: Any, name: str) -> Step:
    path = f"{shape.path}/{name}/scale"
    which = rng.randrange(4)
    if which == 0:
        return Step("GET", path)
    version = rng.choice((None, None, f"<rv {shape.resource}/{name} 0>", f"<rv {shape.resource}/{name} 1>"))
    body: Body = {"spec": {"replicas": rng.choice((0, 0, 1, 3, -1))}}
    if version:
        body["metadata"] = {"resourceVersion": version}
    if which == 1:
        body["metadata"] = {**body.get("metadata", {}), "name": name, "namespace": "{ns}"}
        return Step("PUT", path, {"kind": "Scale", "apiVersion": "autoscaling/v1", **body}, JSON)
    return Step("PATCH", path + rng.choice(("", "", "?dryRun=All")), body, MERGE)


def _evict(rng: random.Random, shape: Any, name: str) -> Step:
    body: Body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "{ns}"}}
    if rng.random() < 0.2:
        body["deleteOptions"] = {"preconditions": {"uid": f"<uid pods/{name} {rng.choice((0, 1))}>"}}
    return Step("POST", f"{NS}/pods/{name}/eviction" + rng.choice(("", "", "?dryRun=All")), body)


def _allowing(rng: random.Random, shape: Any, name: str) -> Step:
    """Plays the disruption controller: one may go, or none."""
    return Step("PATCH", f"{shape.path}/a/status", _budget_status(rng), MERGE)


def _running(rng: random.Random, shape: Any, name: str) -> Step:
    """Plays the kubelet."""
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": rng.choice(("True", "True", "False"))}]}
    return Step("PATCH", f"{NS}/pods/{name}/status", {"status": status}, MERGE)


_DATA = (_one_of({"data": {"k": "1"}}, {"data": {"k": None}}, {"data": {"m": "3"}}, {"data": None}, {}),)
_REPLICAS = _one_of(
    {"spec": {"replicas": 0}}, {"spec": {"replicas": 2}}, {"spec": {"replicas": None}}, {"spec": {"replicas": -1}}, {"spec": {"replicas": "x"}}
)
_IMAGE = _always({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "registry.example/app:3"}]}}}})
_SELECTOR = _always({"spec": {"selector": {"matchLabels": {"app": "else"}}}})
_REPLICA_STATUS = _one_of(
    {"status": {"replicas": 1, "readyReplicas": 1}}, {"status": {"replicas": 2}}, {"status": {"replicas": 3}, "spec": {"replicas": 7}}
)

SHAPES: tuple[Shape, ...] = (
    Shape("configmaps", f"{NS}/configmaps", _configmap, _DATA, (*_ANY, _with("data", {"k": 1}), _with("data", {"a b": "x"}), _with("data", {"k": {"x": 1}}))),
    Shape("configmaps", f"{NS}/configmaps", _configmap, _DATA, (*_ANY, _with("immutable", value=True))),
    Shape(
        "secrets", f"{NS}/secrets", _secret,
        (_one_of({"data": {"k": "eg=="}}, {"data": {"k": None}}, {"type": "other"}, {"stringData": {"s": "t"}}, {"data": {"k": "*"}}),),
        (*_ANY, _with("data", {"k": "*"}), _with("data", {"k": 1}), _with("data", {"k k": "eA=="}), _with("type", "kubernetes.io/tls")), fields=("type=Opaque",),
    ),
    Shape(
        "deployments", "/apis/apps/v1/namespaces/{ns}/deployments", _deployment, (_REPLICAS, _IMAGE, _SELECTOR),
        (*_ANY, _with("spec.selector", None), _with("spec.template.metadata.labels", {"app": "else"}), _with("spec.template.spec.containers", []), _with("spec.replicas", "x"), _with("spec.replicas", -1)),
        (_REPLICA_STATUS,), (_scale, _scale, _scale), ("spec.replicas=1",),
    ),
    Shape(
        "statefulsets", "/apis/apps/v1/namespaces/{ns}/statefulsets", _statefulset, (_REPLICAS, _IMAGE),
        (*_ANY, _with("spec.selector", None), _with("spec.template.metadata.labels", {"app": "else"})), (_REPLICA_STATUS,), (_scale,),
    ),
    Shape(
        "pods", f"{NS}/pods", _pod,
        (_one_of({"spec": {"containers": [{"name": "c", "image": "registry.example/app:9"}]}}, {"spec": {"nodeName": "other"}}, {"spec": {"activeDeadlineSeconds": 5}}, {"spec": {"restartPolicy": "Never"}}),),
        (*_ANY, _with("spec.containers", []), _with("spec.containers.0", {"name": "c"}), _with("spec.restartPolicy", "Sometimes")),
        (_one_of({"status": {"phase": "Running"}}, {"status": {"phase": "Succeeded"}}),), (_evict, _evict, _running, _running),
        ("status.phase=Running", "spec.nodeName=nowhere", "spec.foo=1"),
    ),
    Shape(
        "services", f"{NS}/services", _service,
        (_one_of({"spec": {"ports": [{"port": 81}]}}, {"spec": {"clusterIP": "10.43.250.250"}}, {"spec": {"selector": {"app": "else"}}}, {"spec": {"ports": []}}),),
        (*_ANY[1:], _with("spec.ports", []), _with("spec.ports", [{"port": 0}]), _with("spec.ports", [{"port": 80}, {"port": 81}]), _with("spec.type", "Sometimes")),
    ),
    Shape(
        "ingresses", "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses", _ingress,
        (_one_of({"spec": {"ingressClassName": "other"}}, {"metadata": {"annotations": {"a/b": "c"}}}, {"spec": {"rules": []}}, {"spec": {"rules": None}}),),
        (*_ANY, _with("spec.rules", []), _with("spec.rules.0.http.paths.0.pathType", None), _with("spec.rules.0.http.paths.0.path", "x"), _with("spec.rules.0.http.paths.0.pathType", "Sometimes"), _with("spec.rules.0.http.paths.0.backend", {})),
    ),
    Shape(
        "leases", "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases", _lease,
        (_one_of({"spec": {"holderIdentity": "three"}}, {"spec": {"leaseDurationSeconds": -1}}, {"spec": {"renewTime": "2026-01-10T13:30:00.000000Z"}}),),
        (*_ANY, _with("spec.leaseDurationSeconds", -1), _with("spec.leaseDurationSeconds", 0)),
    ),
    Shape(
        "resourcequotas", f"{NS}/resourcequotas", _quota, (_one_of({"spec": {"hard": {"pods": "7"}}}, {"spec": {"hard": {"pods": "-1"}}}, {"spec": {"hard": {"pods": None}}}),),
        (*_ANY, _with("spec.hard", {"pods": "-1"})), (_quota_status,), (lambda rng, _, name: Step("POST", f"{NS}/pods" + rng.choice(("", "?dryRun=All")), _pod(rng, name)),),
    ),
    Shape(
        "poddisruptionbudgets", "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets", _budget,
        (_one_of({"spec": {"minAvailable": 2}}, {"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}}, {"spec": {"maxUnavailable": 1}}),),
        (*_ANY, _with("spec.maxUnavailable", 1), _with("spec.minAvailable", -1)), (_budget_status,), (_evict, _evict, _running, _allowing),
    ),
    Shape(
        "persistentvolumeclaims", f"{NS}/persistentvolumeclaims", _claim,
        (_one_of({"spec": {"storageClassName": "other"}}, {"spec": {"volumeName": "{ns}-b"}}, {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}, {"metadata": {"annotations": {"a/b": "c"}}}),),
        (*_ANY, _with("spec.accessModes", []), _with("spec.accessModes", None), _with("spec.resources", None), _with("spec.accessModes", ["Sometimes"])),
        (_one_of({"status": {"phase": "Bound"}}, {"status": {"phase": "Pending"}}),),
    ),
    Shape(
        "persistentvolumes", "/api/v1/persistentvolumes", _volume,
        (_one_of({"spec": {"persistentVolumeReclaimPolicy": "Retain"}}, {"spec": {"claimRef": None}}, {"spec": {"claimRef": {"uid": None}}}, {"spec": {"csi": {"volumeHandle": "other"}}}, {"spec": {"capacity": {"storage": "2Gi"}}}, {"spec": {"claimRef": {"namespace": "{ns}", "name": "c"}}}),),
        (*_ANY, _with("spec.csi", None), _with("spec.accessModes", None), _with("spec.capacity", None), _with("spec.persistentVolumeReclaimPolicy", "Sometimes")),
        (_one_of({"status": {"phase": "Available"}}, {"status": {"phase": "Bound"}}),), own_names=False,
    ),
    Shape(
        "namespaces", "/api/v1/namespaces", _space, (_one_of({"metadata": {"annotations": {"a/b": "c"}}}, {"spec": {"finalizers": []}}),),
        (*_ANY,), own_names=False,
    ),
    Shape(
        "applications", "/apis/argoproj.io/v1alpha1/namespaces/{ns}/applications", _application,
        (_one_of({"operation": {"sync": {}}}, {"operation": None}, {"status": {"operationState": None}}, {"operation": {"sync": {}}, "status": {"operationState": None}}, {"spec": {"project": "third"}}),),
        (_NAMELESS, _BADLY_NAMED, _BAD_LABEL, _WRONG_KIND, _WRONG_VERSION, _with("spec", None)),
    ),
    Shape(
        "replicationsources", "/apis/volsync.backube/v1alpha1/namespaces/{ns}/replicationsources", _backup,
        (_one_of({"spec": {"trigger": {"manual": "three"}}}, {"status": {"lastManualSync": "x"}}, {"spec": {"paused": True}}),),
        (_NAMELESS, _BADLY_NAMED, _WRONG_KIND), (_one_of({"status": {"lastManualSync": "one"}}, {"status": {"lastManualSync": "two"}, "spec": {"paused": True}}),),
    ),
    Shape(
        "endpointslices", "/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices", _slice,
        (_one_of({"endpoints": [{"addresses": ["10.0.0.2"]}]}, {"addressType": "IPv6"}, {"ports": []}),),
        (*_ANY, _with("addressType", None), _with("addressType", "Sometimes"), _with("endpoints", [{"addresses": []}])),
    ),
)  # fmt: skip
