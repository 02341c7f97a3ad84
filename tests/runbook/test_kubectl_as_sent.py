"""What each command sends: held to what kubectl 1.35.4 was seen to send to a kube-apiserver 1.35.4 (-v=8; discovery and OpenAPI left out)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

import pytest
import yaml

from benchmarks import runbook_kubectl as kubectl
from benchmarks.runbook_kubectl import APPLIED, Api, Asked, Ended, Kubectl, StatusError

NS = "/api/v1/namespaces/vaultwarden"
VOLSYNC = "/apis/volsync.backube/v1alpha1/namespaces/vaultwarden"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "vaultwarden", "uid": "source", "resourceVersion": "201", "ownerReferences": [{"uid": "owner"}]},
    "data": {"a": "YQ=="},
}


class Heard:
    """An API that answers from a list and remembers what it was asked; its clock moves by sleeping and by watching."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []
        self.bodies: list[Any] = []
        self.now = 0.0
        self.events: list[dict[str, Any]] = []
        self.lab = SimpleNamespace(clock=SimpleNamespace(monotonic=lambda: self.now, sleep=self._sleep))

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def send(self, method: str, path: str, asked: Asked | None = None) -> Any:
        query = f"?{urlencode(asked.query)}" if asked and asked.query else ""
        self.sent.append(f"{method} {path}{query} {asked.media if asked else ''}".strip())
        self.bodies.append(asked.body if asked else None)
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, StatusError):
            raise answer
        return answer

    def watch(self, path: str, asked: Asked, until: float) -> Iterator[dict[str, Any]]:
        self.sent.append(f"WATCH {path}?{urlencode(asked.query)}")
        yield from self.events
        self.now = min(until, self.now + float(asked.query.get("timeoutSeconds", "inf")))


def ran(api: Heard, line: str, stdin: str = "", folder: Path = Path("/")) -> Ended:
    words, options = kubectl._parsed(line.split())
    here = Kubectl("", Path("/"), folder)
    return kubectl._VERBS[words[0]](here, cast("Api", api), words[1:], options, stdin)


def refused(code: int, reason: str, message: str) -> StatusError:
    return StatusError({"code": code, "reason": reason, "message": message})


def test_annotate_reads_and_sends_a_merge_patch() -> None:
    """GET, then PATCH with the one annotation."""
    api = Heard()
    assert ran(api, "annotate replicationsource/vaultwarden -n vaultwarden k=v=1").out == "replicationsource.volsync.backube/vaultwarden annotated\n"
    path = f"{VOLSYNC}/replicationsources/vaultwarden"
    assert api.sent == [f"GET {path}", f"PATCH {path}?fieldManager=kubectl-annotate application/merge-patch+json"]
    assert api.bodies[1] == {"metadata": {"annotations": {"k": "v=1"}}}


def test_scale_patches_the_subresource() -> None:
    """GET of the Deployment, then a merge patch of /scale."""
    api = Heard()
    assert ran(api, "scale deployment/vaultwarden -n vaultwarden --replicas=0").out == "deployment.apps/vaultwarden scaled\n"
    path = "/apis/apps/v1/namespaces/vaultwarden/deployments/vaultwarden"
    assert api.sent == [f"GET {path}", f"PATCH {path}/scale application/merge-patch+json"]
    assert api.bodies[1] == {"spec": {"replicas": 0}}


def test_apply_looks_for_the_object_and_its_namespace_and_posts_it() -> None:
    """The resourceVersion of the cluster that it was copied from stays behind; the object carries itself as an annotation."""
    api = Heard(refused(404, "NotFound", "no secret"), {})
    assert ran(api, "apply -f -", yaml.safe_dump(SECRET)).out == "secret/s created\n"
    by = "fieldManager=kubectl-client-side-apply&fieldValidation=Strict"
    assert api.sent == [f"GET {NS}/secrets/s", f"GET {NS}", f"POST {NS}/secrets?{by} application/json"]
    assert "resourceVersion" not in api.bodies[2]["metadata"]
    assert json.loads(api.bodies[2]["metadata"]["annotations"][APPLIED])["data"] == SECRET["data"]


def test_apply_into_a_namespace_that_is_missing_is_refused() -> None:
    """The server's 404 for the POST is what the person reads."""
    gone = refused(404, "NotFound", 'namespaces "vaultwarden" not found')
    ended = ran(Heard(refused(404, "NotFound", ""), gone, gone), "apply -f -", yaml.safe_dump(SECRET))
    assert ended.code == 1
    assert ended.err.endswith('namespaces "vaultwarden" not found\n')


def test_a_secret_of_another_cluster_conflicts_with_the_one_that_is_there() -> None:
    """The patch holds the other's uid and resourceVersion: 409 six times, with a second between tries from the second on, then exit 1."""
    live = {
        **SECRET,
        "metadata": {**cast("dict[str, Any]", SECRET["metadata"]), "uid": "target", "resourceVersion": "7", "ownerReferences": [{"uid": "own"}]},
    }
    again = refused(409, "Conflict", "the object has been modified")
    api = Heard(live, *[again, live] * 5, refused(409, "Conflict", "the object has been modified"))
    ended = ran(api, "apply -f -", yaml.safe_dump(SECRET))
    assert (ended.code, api.now) == (1, 4.0)
    assert [one.split()[0] for one in api.sent] == ["GET", "PATCH"] * 6
    assert api.sent[1].endswith("application/strategic-merge-patch+json")
    sent = api.bodies[1]["metadata"]
    assert (sent["uid"], sent["resourceVersion"]) == ("source", "201")
    assert sent["$setElementOrder/ownerReferences"] == [{"uid": "owner"}]
    assert "data" not in api.bodies[1]


def test_a_helm_chart_is_no_manifest(tmp_path: Path) -> None:
    """Both files of the folder are refused before anything is sent."""
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "Chart.yaml").write_text("apiVersion: v2\nname: vaultwarden\n")
    (tmp_path / "apps" / "values.yaml").write_text("app-template: {}\n")
    api = Heard()
    ended = ran(api, "apply -f apps/", folder=tmp_path)
    tail = "if you choose to ignore these errors, turn validation off with --validate=false"
    assert (ended.code, api.sent) == (1, [])
    assert ended.err.splitlines() == [
        f'error validating "apps/Chart.yaml": error validating data: kind not set; {tail}',
        f'error validating "apps/values.yaml": error validating data: [apiVersion not set, kind not set]; {tail}',
    ]


def test_wait_opens_its_watch_again_until_its_own_time_is_over() -> None:
    """15 minutes are three watches of 380 s; a condition that never comes is exit 1."""
    api = Heard()
    api.events = [{"type": "ADDED", "object": {"status": {"conditions": [{"type": "Synchronizing", "status": "False"}]}}}]
    ended = ran(api, "wait --for=condition=Completed replicationdestination/r -n vaultwarden --timeout=15m")
    assert (ended.code, ended.err, api.now) == (1, "error: timed out waiting for the condition on replicationdestinations/r\n", 900.0)
    assert [one.split()[0] for one in api.sent] == ["GET", "WATCH", "WATCH", "WATCH"]
    assert "fieldSelector=metadata.name%3Dr" in api.sent[1]


def test_wait_ends_when_the_condition_is_there() -> None:
    """It would not wait for ever: the condition that VolSync never sets is what it waits for."""
    api = Heard()
    api.events = [{"type": "MODIFIED", "object": {"status": {"conditions": [{"type": "Completed", "status": "True"}]}}}]
    assert ran(api, "wait --for=condition=Completed replicationdestination/r -n vaultwarden --timeout=15m").code == 0


def test_get_watches_until_the_person_stops_it() -> None:
    """The printed column changes only with a sync; after five minutes it is Ctrl-C."""
    api = Heard({"status": {"lastSyncTime": "12:00"}})
    api.events = [{"type": "MODIFIED", "object": {"status": {"lastSyncTime": time}}} for time in ("12:00", "18:02")]
    ended = ran(api, "get replicationsource/vaultwarden -n vaultwarden -w")
    assert (ended.code, [line.split()[-1] for line in ended.out.splitlines()]) == (130, ["12:00", "18:02"])
    assert api.sent[1] == f"WATCH {VOLSYNC}/replicationsources?fieldSelector=metadata.name%3Dvaultwarden&resourceVersion=0"
    assert api.now == 300.0


@pytest.mark.parametrize(
    ("live", "wanted", "change"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3}}),
        ({"a": [1]}, {"a": [1]}, {}),
        ({}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_a_difference_holds_what_changes_and_nothing_else(live: dict[str, Any], wanted: dict[str, Any], change: dict[str, Any]) -> None:
    """What is there beside it belongs to others."""
    assert kubectl.difference({"metadata": {}, **live}, wanted) == change


def test_what_was_applied_before_and_is_gone_is_taken_away() -> None:
    """The last-applied annotation is how kubectl knows."""
    live = {"metadata": {"annotations": {APPLIED: json.dumps({"spec": {"a": 1, "b": 2}})}}, "spec": {"a": 1, "b": 2, "c": 3}}
    assert kubectl.difference(live, {"spec": {"a": 1}}) == {"spec": {"b": None}}
