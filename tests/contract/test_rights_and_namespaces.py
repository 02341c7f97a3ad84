"""Who may, and the life of a Namespace (real/ C)."""

from __future__ import annotations

import pytest

from tests.contract.client import Api
from tests.contract.conftest import Eventually


def test_a_wrong_token_is_unauthorized(api: Api, maps: str) -> None:
    """401, whatever the path."""
    with api.as_user("nobody-has-this") as stranger:
        no = stranger.get(maps)
    assert (no.status, no.reason, no.message) == (401, "Unauthorized", "Unauthorized")


def test_no_token_is_nobody(api: Api, maps: str) -> None:
    """403 as system:anonymous."""
    with api.as_user("") as nobody:
        no = nobody.get(maps)
    assert no.status == 403
    assert 'User "system:anonymous" cannot list resource "configmaps" in API group ""' in no.message


@pytest.mark.lab_users
def test_a_missing_right_is_named(weak: Api, home: str, maps: str) -> None:
    """403: who, which verb, which resource, where; also before the kind is known to exist."""
    no = weak.get(maps)
    who = no.message.split('"')[1]
    assert no.message == f'configmaps is forbidden: User "{who}" cannot list resource "configmaps" in API group "" in the namespace "{home}"'
    named = weak.get(f"/api/v1/namespaces/{home}/secrets/s2")
    assert named.message == f'secrets "s2" is forbidden: User "{who}" cannot get resource "secrets" in API group "" in the namespace "{home}"'
    scale = weak.merge(f"/apis/apps/v1/namespaces/{home}/deployments/d/scale", {"spec": {"replicas": 0}})
    assert f'cannot patch resource "deployments/scale" in API group "apps" in the namespace "{home}"' in scale.message
    wide = weak.get("/api/v1/nodes")
    assert wide.message == f'nodes is forbidden: User "{who}" cannot list resource "nodes" in API group "" at the cluster scope'
    assert weak.get("/apis/apps/v1/gizmos").status == 403


@pytest.mark.lab_users
def test_access_can_be_asked_for(api: Api, weak: Api, home: str) -> None:
    """SelfSubjectAccessReview: allowed with a reason, or allowed false alone."""

    def ask(who: Api, verb: str, resource: str) -> dict[str, object]:
        attributes = {"verb": verb, "resource": resource, "namespace": home, "group": ""}
        said = who.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"resourceAttributes": attributes}})
        assert said.status == 201
        return dict(said.body["status"])

    assert ask(api, "delete", "gizmos")["allowed"] is True
    assert ask(weak, "get", "configmaps")["allowed"] is True
    assert "RBAC: allowed by" in str(ask(weak, "get", "configmaps")["reason"])
    assert ask(weak, "delete", "configmaps") == {"allowed": False}


def test_an_empty_review_is_invalid(api: Api) -> None:
    """422."""
    assert api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {}}).status == 422


def test_rules_need_a_namespace(api: Api, home: str) -> None:
    """SelfSubjectRulesReview."""
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    said = api.post(path, {"spec": {"namespace": home}})
    assert said.status == 201
    assert said.body["status"]["incomplete"] is False
    no = api.post(path, {"spec": {}})
    assert (no.status, no.message) == (400, "no namespace on request")


def test_the_server_says_its_version_and_that_it_is_well(api: Api) -> None:
    """/version, /readyz, discovery."""
    assert api.get("/version").body["gitVersion"].startswith("v1.")
    assert api.get("/readyz").body == "ok"
    assert "deployments" in [one["name"] for one in api.get("/apis/apps/v1").body["resources"]]
    assert "apps" in [one["name"] for one in api.get("/apis").body["groups"]]


@pytest.mark.controllers
def test_a_namespace_goes_with_what_is_in_it(api: Api, name: str, eventually: Eventually) -> None:
    """Terminating: nothing new inside; gone when it is empty."""
    path = f"/api/v1/namespaces/{name}"
    api.post("/api/v1/namespaces", {"metadata": {"name": name}})
    maps = f"{path}/configmaps"
    api.post(maps, {"metadata": {"name": "held", "finalizers": ["x.io/f"]}})
    going = api.delete(path)
    assert going.status == 200
    assert api.get(path).body["status"]["phase"] == "Terminating"
    no = api.post(maps, {"metadata": {"name": "b"}})
    assert (no.status, no.reason) == (403, "Forbidden")
    assert no.message == f'configmaps "b" is forbidden: unable to create new content in namespace {name} because it is being terminated'
    assert no.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    again = api.post("/api/v1/namespaces", {"metadata": {"name": name}})
    assert (again.status, again.message.startswith("object is being deleted: namespaces")) == (409, True)
    eventually(lambda: "deletionTimestamp" in api.get(f"{maps}/held").body["metadata"])
    eventually(lambda: "x.io/f in 1 resource instances" in str(api.get(path).body.get("status", {}).get("conditions", "")))
    api.merge(f"{maps}/held", {"metadata": {"finalizers": None}})
    eventually(lambda: api.get(path).status == 404, 30.0)


def test_some_namespaces_stay(api: Api) -> None:
    """403."""
    no = api.delete("/api/v1/namespaces/kube-system")
    assert (no.status, "this namespace may not be deleted" in no.message) == (403, True)
