"""`handle` alone: what the contract cannot ask of a real server, the ledger and our custom resources."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from portkey_migrate.lab.api import Request, Response, Watch, handle
from portkey_migrate.lab.api.rights import ADMIN, User
from portkey_migrate.lab.store import By, Store

APPS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


class World:
    now = 1_768_051_800.0

    def __init__(self) -> None:
        self.store = Store(self, random.Random(1))  # noqa: S311 - repeatable by its seed
        self.store.add_cluster("source")
        self.tokens = {"source": {"t": User("mover", (), (ADMIN,))}}
        self.releases = {"source": "v1.35.4"}

    def pod_answers(self, cluster: str, namespace: str, name: str, port: int, path: str) -> tuple[int, dict[str, str], bytes] | None:
        return (200, {"Content-Type": "text/plain"}, f"{name}:{port}{path}".encode()) if port == 80 else None


@pytest.fixture
def world() -> World:
    one = World()
    for name in ("argocd", "app"):
        one.store.create("source", "Namespace", {"metadata": {"name": name}}, By("world"))
    return one


def ask(world: World, method: str, target: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    content = "application/merge-patch+json" if method == "PATCH" else "application/json"
    given = {"Authorization": "Bearer t", "Content-Type": content, **{key.replace("_", "-"): value for key, value in headers.items()}}
    raw = b"" if body is None else json.dumps(body).encode()
    said = handle(world, "source", Request.of(method, target, given, raw, session="s1"))
    assert isinstance(said, Response)
    return said.status, json.loads(said.body) if "json" in said.headers["Content-Type"] else said.body


def test_the_tools_step_stands_in_the_ledger(world: World) -> None:
    """Token, session, user, verb."""
    ask(world, "POST", "/api/v1/namespaces/app/configmaps", {"metadata": {"name": "c"}}, X_Portkey_Step="4.2#1")
    line = world.store.ledger[-1]
    assert (line["token"], line["session"], line["actor"], line["verb"], line["changed"]) == ("4.2#1", "s1", "mover", "create", True)


@pytest.mark.parametrize(
    ("method", "target", "status"), [("DELETE", "/api/v1/namespaces/app/configmaps/none", 404), ("PATCH", "/apis/x.io/v1/things/a", 404)]
)
def test_a_refused_write_stands_there_too(world: World, method: str, target: str, status: int) -> None:
    """Changed false, with its status; a path that is no resource of a known group is no write."""
    before = len(world.store.ledger)
    assert ask(world, method, target, {})[0] == status
    noted = world.store.ledger[before:]
    assert [(line["changed"], line["status"]) for line in noted] == ([(False, 404)] if "configmaps" in target else [])


def test_reads_and_questions_leave_no_line(world: World) -> None:
    """GET, LIST and SelfSubjectAccessReview."""
    before = len(world.store.ledger)
    ask(world, "GET", "/api/v1/namespaces/app/configmaps")
    ask(
        world, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    )
    assert len(world.store.ledger) == before


def application() -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "a"},
        "spec": {"project": "default"},
        "status": {"operationState": {"phase": "Succeeded"}},
    }


def test_an_application_has_no_status_of_its_own(world: World) -> None:
    """One patch sets the operation and clears operationState; /status is no resource (real/ A7)."""
    assert ask(world, "POST", APPS, application())[1]["status"] == {"operationState": {"phase": "Succeeded"}}
    said, app = ask(world, "PATCH", f"{APPS}/a", {"operation": {"sync": {}}, "status": {"operationState": None}})
    assert (said, app["operation"], app["status"], app["metadata"]["generation"]) == (200, {"sync": {}}, {}, 2)
    assert ask(world, "GET", f"{APPS}/a/status")[0] == 404


def test_an_operation_of_another_type_is_invalid(world: World) -> None:
    """422, as its schema says (real/ A7)."""
    ask(world, "POST", APPS, application())
    status, no = ask(world, "PATCH", f"{APPS}/a", {"operation": {"sync": "x"}})
    assert status == 422
    assert "operation.sync in body must be of type object" in no["message"]


def test_a_pod_is_asked_past_every_ingress(world: World) -> None:
    """pods/NAME:PORT/proxy/PATH; nothing listening is 503."""
    world.store.create("source", "Pod", {"metadata": {"namespace": "app", "name": "p"}, "spec": {}}, By("world"))
    assert ask(world, "GET", "/api/v1/namespaces/app/pods/p:80/proxy/alive?x=1") == (200, b"p:80/alive")
    assert ask(world, "GET", "/api/v1/namespaces/app/pods/p:81/proxy/")[0] == 503
    assert ask(world, "GET", "/api/v1/namespaces/app/pods/q:80/proxy/")[0] == 404


def test_a_quota_counts_by_its_status(world: World) -> None:
    """A fence holds from the moment its status says so, and a Pod that is going still counts."""
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    quota = {"metadata": {"namespace": "app", "name": "pm-fence"}, "spec": {"hard": {"pods": "1"}}}
    world.store.create("source", "ResourceQuota", quota, By("world"))
    assert ask(world, "POST", "/api/v1/namespaces/app/pods", pod)[0] == 201
    world.store.patch("source", "ResourceQuota", "app", "pm-fence", {"status": {"hard": {"pods": "1"}}}, By("quota"))
    status, no = ask(world, "POST", "/api/v1/namespaces/app/pods?dryRun=All", {**pod, "metadata": {"name": "q"}})
    assert status == 403
    assert no["message"] == 'pods "q" is forbidden: exceeded quota: pm-fence, requested: pods=1, used: pods=1, limited: pods=1'


def test_a_watch_is_an_object_with_an_end(world: World) -> None:
    """The server asks it for lines and looks at its time."""
    said = handle(
        world, "source", Request.of("GET", "/api/v1/configmaps?watch=1&resourceVersion=101&timeoutSeconds=9", {"Authorization": "Bearer t"})
    )
    assert isinstance(said, Watch)
    assert said.until == world.now + 9
    assert said.concerns("source", "ConfigMap", "app")
    world.store.create("source", "ConfigMap", {"metadata": {"namespace": "app", "name": "c"}}, By("world"))
    assert json.loads(said.take())["type"] == "ADDED"
    assert said.take() == b""


def test_a_first_list_of_leases_shows_them_as_of_now(world: World) -> None:
    """Shown as of the last look, the next one seems to be a renewal: a node had answered that had not."""
    world.store.create("source", "Lease", {"metadata": {"namespace": "app", "name": "n1"}, "spec": {"renewTime": 0}}, By("kubelet"))
    world.store.passing["Lease"] = lambda obj, now: ({**obj, "spec": {"renewTime": now // 10 * 10}}, now // 10 * 10 + 10)
    world.now += 25
    _, listed = ask(world, "GET", "/apis/coordination.k8s.io/v1/namespaces/app/leases")
    assert [one["spec"]["renewTime"] for one in listed["items"]] == [world.now // 10 * 10]
