"""Deployments, /scale, /status, Pods under a quota, evictions, Services, Ingresses (real/ C)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import Api
from tests.contract.conftest import Eventually


def deployment(name: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "registry.example/app:1"}]}}
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": labels}, "template": template, **spec}}


def pod(name: str, **labels: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"nodeSelector": {"contract": "nowhere"}, "containers": [{"name": "c", "image": "registry.example/app:1"}]},
    }


def test_a_deployment_gets_its_defaults(api: Api, deployments: str, name: str) -> None:
    """One replica, a rolling update, a Pod's grace; generation 1."""
    made = api.post(deployments, deployment(name)).body
    assert made["spec"]["replicas"] == 1
    assert made["spec"]["strategy"]["type"] == "RollingUpdate"
    assert made["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 30
    assert made["metadata"]["generation"] == 1


def test_scale_at_zero_has_an_empty_spec(api: Api, deployments: str, name: str) -> None:
    """Absent means 0."""
    path = f"{deployments}/{name}"
    api.post(deployments, deployment(name, replicas=0, paused=True))
    scale = api.get(f"{path}/scale").body
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {}
    assert scale["status"] == {"replicas": 0, "selector": f"app={name}"}


def test_scale_changes_one_number(api: Api, deployments: str, name: str) -> None:
    """By PATCH and by PUT; the generation counts it."""
    path = f"{deployments}/{name}"
    api.post(deployments, deployment(name, replicas=0, paused=True))
    assert api.merge(f"{path}/scale", {"spec": {"replicas": 2}}).body["spec"] == {"replicas": 2}
    scale = api.get(f"{path}/scale").body
    scale["metadata"].pop("resourceVersion")
    assert api.put(f"{path}/scale", {**scale, "spec": {"replicas": 3}}).status == 200
    now = api.get(path).body
    assert (now["spec"]["replicas"], now["metadata"]["generation"]) == (3, 3)


def test_scale_under_an_old_version_conflicts(api: Api, deployments: str, name: str) -> None:
    """409 names the Deployment."""
    path = f"{deployments}/{name}"
    api.post(deployments, deployment(name, replicas=0, paused=True))
    no = api.merge(f"{path}/scale", {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 2}})
    assert (no.status, no.reason) == (409, "Conflict")
    assert no.message.startswith(f'Operation cannot be fulfilled on deployments.apps "{name}": the object has been modified')
    assert no.body["details"] == {"name": name, "group": "apps", "kind": "deployments"}


def test_a_negative_scale_is_invalid(api: Api, deployments: str, name: str) -> None:
    """422 about the Scale."""
    api.post(deployments, deployment(name, replicas=0, paused=True))
    no = api.merge(f"{deployments}/{name}/scale", {"spec": {"replicas": -1}})
    assert no.status == 422
    assert no.message == f'Scale.autoscaling "{name}" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'


def test_a_selector_is_immutable(api: Api, deployments: str, name: str) -> None:
    """422 field is immutable."""
    api.post(deployments, deployment(name, replicas=0, paused=True))
    labels = {"app": name, "more": "x"}
    change = {"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}
    no = api.merge(f"{deployments}/{name}", change)
    assert (no.status, "field is immutable" in no.message) == (422, True)


def test_status_and_spec_have_their_own_doors(api: Api, deployments: str, name: str) -> None:
    """What the main resource says of status is dropped, and the other way round."""
    path = f"{deployments}/{name}"
    api.post(deployments, deployment(name, replicas=0, paused=True))
    assert api.merge(path, {"status": {"replicas": 7}}).body.get("status", {}).get("replicas") is None
    told = api.merge(f"{path}/status", {"spec": {"replicas": 9}, "status": {"conditions": [{"type": "Contract", "status": "True"}]}}).body
    assert told["spec"]["replicas"] == 0
    assert "Contract" in [one["type"] for one in told["status"]["conditions"]]


def test_a_deployment_without_a_selector_is_invalid(api: Api, deployments: str, name: str) -> None:
    """422."""
    body = deployment(name)
    del body["spec"]["selector"]
    assert api.post(deployments, body).status == 422


@pytest.mark.controllers
def test_a_quota_of_no_pods_is_a_fence(api: Api, name: str, eventually: Eventually) -> None:
    """403 with the quota's name, also for a dry run; a huge number lets Pods in again."""
    api.post("/api/v1/namespaces", {"metadata": {"name": name}})
    pods, quota = f"/api/v1/namespaces/{name}/pods", f"/api/v1/namespaces/{name}/resourcequotas"
    api.post(quota, {"metadata": {"name": "fence"}, "spec": {"hard": {"pods": "0"}}})
    eventually(lambda: api.post(pods, pod("one"), dryRun="All").status == 403)
    no = api.post(pods, pod("one"))
    assert (no.status, no.reason) == (403, "Forbidden")
    assert no.message == 'pods "one" is forbidden: exceeded quota: fence, requested: pods=1, used: pods=0, limited: pods=0'
    api.merge(f"{quota}/fence", {"spec": {"hard": {"pods": "1000000"}}})
    eventually(lambda: api.post(pods, pod("one"), dryRun="All").status == 201)
    assert api.get(f"{pods}/one").status == 404
    api.delete(f"/api/v1/namespaces/{name}")


def test_a_pod_that_no_node_has_goes_at_once(api: Api, pods: str, name: str) -> None:
    """DELETE answers with the Pod."""
    api.post(pods, pod(name))
    gone = api.delete(f"{pods}/{name}")
    assert (gone.status, gone.body["kind"]) == (200, "Pod")
    assert api.get(f"{pods}/{name}").status == 404


def test_an_eviction_is_a_delete(api: Api, pods: str, name: str) -> None:
    """201 Success for a Pod that no budget covers; the dry run changes nothing."""
    api.post(pods, pod(name))
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    assert api.post(f"{pods}/{name}/eviction", eviction, dryRun="All").status == 201
    assert api.get(f"{pods}/{name}").status == 200
    done = api.post(f"{pods}/{name}/eviction", eviction)
    assert (done.status, done.body["status"]) == (201, "Success")
    assert api.get(f"{pods}/{name}").status == 404


@pytest.mark.controllers
def test_a_budget_blocks_an_eviction(api: Api, pods: str, home: str, name: str, eventually: Eventually) -> None:
    """429 with a cause."""
    api.post(pods, pod(name, budget=name))
    running = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    api.merge(f"{pods}/{name}/status", {"status": running})
    budget = {"metadata": {"name": name}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"budget": name}}}}
    assert api.post(f"/apis/policy/v1/namespaces/{home}/poddisruptionbudgets", budget).status == 201
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    eventually(lambda: api.post(f"{pods}/{name}/eviction", eviction, dryRun="All").status == 429)
    no = api.post(f"{pods}/{name}/eviction", eviction)
    assert (no.status, no.reason) == (429, "TooManyRequests")
    assert no.message == "Cannot evict pod as it would violate the pod's disruption budget."
    assert no.body["details"]["causes"][0]["reason"] == "DisruptionBudget"


def test_a_service_gets_an_address_and_port_defaults(api: Api, home: str, name: str) -> None:
    """clusterIP, protocol, targetPort; the address stays."""
    path = f"/api/v1/namespaces/{home}/services"
    made = api.post(path, {"metadata": {"name": "s" + name[-40:]}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}})
    assert made.status == 201, made.body
    spec = made.body["spec"]
    assert spec["type"] == "ClusterIP"
    assert spec["clusterIP"].startswith("10.")
    assert spec["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert api.merge(f"{path}/{made.body['metadata']['name']}", {"spec": {"clusterIP": "10.43.250.250"}}).status == 422


def test_a_service_needs_ports(api: Api, home: str) -> None:
    """422."""
    assert api.post(f"/api/v1/namespaces/{home}/services", {"metadata": {"name": "portless"}, "spec": {"selector": {"a": "b"}}}).status == 422


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ({"path": "/"}, "pathType must be specified"),
        ({"path": "x", "pathType": "Prefix"}, "must be an absolute path"),
        ({"path": "/", "pathType": "Sometimes"}, "Unsupported value"),
    ],
)
def test_an_ingress_path_is_judged(api: Api, home: str, path: dict[str, str], fault: str) -> None:
    """422 says what is wrong with it."""
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    body = {"metadata": {"name": "judged"}, "spec": {"rules": [{"host": "a.example", "http": {"paths": [{**path, "backend": backend}]}}]}}
    no = api.post(f"/apis/networking.k8s.io/v1/namespaces/{home}/ingresses", body)
    assert no.status == 422
    assert fault in no.message


def test_a_lease_moves_under_its_version(api: Api, home: str, name: str) -> None:
    """PUT with the version that was read; the second of two loses."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{home}/leases"
    lease = api.post(path, {"metadata": {"name": name}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 10}}).body
    assert api.put(f"{path}/{name}", {**lease, "spec": {"holderIdentity": "b"}}).status == 200
    assert api.put(f"{path}/{name}", {**lease, "spec": {"holderIdentity": "c"}}).status == 409


def test_a_claim_keeps_its_spec(api: Api, home: str, name: str) -> None:
    """422 after creation."""
    path = f"/api/v1/namespaces/{home}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "none"}
    assert api.post(path, {"metadata": {"name": name}, "spec": spec}).body["status"]["phase"] == "Pending"
    no = api.merge(f"{path}/{name}", {"spec": {"storageClassName": "other"}})
    assert (no.status, "spec is immutable after creation" in no.message) == (422, True)
    api.delete(f"{path}/{name}")
