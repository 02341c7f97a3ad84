"""What the Kubernetes adapter sees, and what it makes of an API that does not answer."""

from __future__ import annotations

import json
import socket
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import urllib3

from portkey_migrate.errors import NoKubeconfig, NotServed, UnknownName, Unreachable
from portkey_migrate.model import Ref
from portkey_migrate.systems.kube import KINDS
from portkey_migrate.systems.kube import api as adapter
from portkey_migrate.systems.kube.kinds import url
from portkey_migrate.systems.kube.wire import NoAnswer, Wire

from .conftest import Api, answers, cut, status_of

DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "speedtest", "namespace": "speedtest", "resourceVersion": "41", "uid": "u-1"},
    "spec": {"replicas": 1},
}
ONE = "/apis/apps/v1/namespaces/speedtest/deployments/speedtest"
REF = Ref("source", "Deployment", "speedtest", "speedtest")


def test_a_look_tells_version_uid_and_whether_it_is_going(api: Api) -> None:
    """What a write is sent under comes from the look before it."""
    going = {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "deletionTimestamp": "2026-01-10T08:00:00Z"}}
    api.on("GET", ONE, answers(200, DEPLOYMENT), answers(200, going))
    kube = api.kube()
    seen = kube.read(REF)
    assert (seen.version, seen.uid, seen.going, seen.object) == ("41", "u-1", False, DEPLOYMENT)
    assert kube.read(REF).going
    assert api.asked[0].headers["Authorization"] == "Bearer canary-token"
    assert api.asked[0].headers["User-Agent"].startswith("portkey-migrate/")


def test_what_is_not_there_is_an_answer(api: Api) -> None:
    """An absent object is looked at without an error: the server names it."""
    api.on("GET", ONE, status_of(404, "NotFound", 'deployments.apps "speedtest" not found', name="speedtest", group="apps", kind="deployments"))
    assert api.kube().read(REF).object is None


@pytest.mark.parametrize(
    "answer", [answers(404, "404 page not found"), status_of(404, "NotFound", "the server could not find the requested resource")]
)
def test_a_kind_that_is_not_served_is_no_empty_list(api: Api, answer: Any) -> None:
    """Neither is an object of it that is not there: what brings the kind is named, one request each."""
    api.on("GET", ".*", answer)
    kube = api.kube("target")
    for look in (lambda: kube.read(Ref("target", "Operation", "argocd", "speedtest")), lambda: kube.list("Application", "argocd")):
        with pytest.raises(NotServed) as caught:
            look()
        assert caught.value.what == "the target serves no applications.argoproj.io (argoproj.io/v1alpha1), which Argo CD brings"
        assert caught.value.why == "install Argo CD on the target"
    with pytest.raises(NotServed, match=r"serves no replicationsources\.volsync\.backube \(volsync\.backube/v1alpha1\), which VolSync brings"):
        kube.list("ReplicationSource", "speedtest")
    assert len(api.asked) == 3


def test_a_server_without_any_kubernetes_is_unreachable(api: Api) -> None:
    """Whatever answers there cannot say which cluster it is."""
    api.on("GET", ".*", answers(404, "404 page not found"))
    with pytest.raises(Unreachable, match=r"the source serves no namespaces \(v1\)"):
        api.kube().identity()


def test_a_list_is_read_to_its_last_page(api: Api) -> None:
    """Pages are one list, and its version is where a watch starts."""
    first = {"metadata": {"resourceVersion": "50", "continue": "next"}, "items": [{"metadata": {"name": "a"}}]}
    last = {"metadata": {"resourceVersion": "50"}, "items": [{"metadata": {"name": "b"}}]}
    api.on("GET", "/api/v1/nodes", answers(200, first), answers(200, last))
    items, version = api.kube().list("Node")
    assert ([one["metadata"]["name"] for one in items], version) == (["a", "b"], "50")
    assert "continue=next" in api.asked[1].query


@pytest.mark.parametrize("broken", [cut, status_of(503, "ServiceUnavailable", "starting"), status_of(429, "TooManyRequests", "slow down")])
def test_a_look_is_repeated_when_the_connection_broke(api: Api, broken: Any) -> None:
    """A read may be sent again, bounded, and time passes between."""
    api.on("GET", ONE, broken, broken, answers(200, DEPLOYMENT))
    assert api.kube().read(REF).version == "41"
    assert len(api.asked) == 3
    assert len(api.clock.slept) == 2


def test_an_api_that_stays_broken_is_unreachable(api: Api) -> None:
    """Three looks, then the person is told, with a command of their own to try."""
    api.on("GET", ONE, status_of(500, "InternalError", "etcdserver: leader changed"))
    with pytest.raises(Unreachable, match="source cluster does not answer") as caught:
        api.kube().read(REF)
    assert len(api.asked) == 3
    assert caught.value.hint == "kubectl --context k3s version"


def test_an_api_that_is_silent_is_waited_for_twice(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reply may be lost on the way (seed 49); a second time-out in a row is a dead server."""
    monkeypatch.setattr(adapter, "READ", 0.2)
    api.on("GET", ONE, api.never)
    with pytest.raises(Unreachable, match="does not answer"):
        api.kube().read(REF)
    assert len(api.asked) == 2


def test_a_look_that_is_forbidden_says_what_was_refused(api: Api) -> None:
    """A clear no is not repeated, and the server's own words reach the person."""
    api.on("GET", ONE, status_of(403, "Forbidden", "deployments.apps is forbidden: User x cannot get resource"))
    with pytest.raises(Unreachable, match="refuses to show Deployment speedtest") as caught:
        api.kube().read(REF)
    assert "cannot get resource" in caught.value.why
    assert len(api.asked) == 1


def test_nobody_listening_is_unreachable(api: Api) -> None:
    """A refused connection ends as the same error as a silent one."""
    kube = api.kube()
    api.port = 1
    with pytest.raises(Unreachable, match="source cluster does not answer") as caught:
        kube.read(REF)
    assert "timed out" not in caught.value.why  # nobody waited: urllib3 counts it among its time-outs
    assert "refused" in caught.value.why


def test_the_kept_connection_outlives_a_watch(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look after an event is inside the outage: it pays for no handshake. The watch had a connection of its own, and that one is closed."""
    given: list[socket.socket] = []
    connect = api.connect

    def counted(host: str, port: int, timeout: float) -> socket.socket:
        given.append(connect(host, port, timeout))
        return given[-1]

    monkeypatch.setattr(api, "connect", counted)
    api.on("GET", ONE, answers(200, DEPLOYMENT))
    api.on("GET", "/api/v1/namespaces/speedtest/pods", answers(200, [{"type": "ADDED", "object": {}}], lines=True))
    kube = api.kube()
    kube.read(REF)
    kube.watch("Pod", "speedtest", "50", 30)
    kube.read(REF)
    assert [one.fileno() == -1 for one in given] == [False, True]


def test_a_server_that_closes_after_each_answer_is_asked_again(api: Api) -> None:
    """`Connection: close`: a new connection for the next look, nothing left open (a warning would end this test)."""

    def last(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(json.dumps(DEPLOYMENT).encode())

    api.on("GET", ONE, last)
    kube = api.kube()
    assert [kube.read(REF).version for _ in range(3)] == ["41"] * 3


def test_an_api_without_tls_is_asked_as_it_stands(api: Api) -> None:
    """A port-forward or a lab of somebody's own: `http://` in the kubeconfig."""
    api.on("GET", ONE, answers(200, DEPLOYMENT))
    wire = _edited(api, "https://source.lab:6443", f"http://127.0.0.1:{api.port}")
    assert [wire.call("GET", ONE, timeout=5.0).status for _ in range(2)] == [200, 200]
    wire.close()


def test_a_proxy_that_is_not_there_is_no_time_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tunnel is asked for before anything of ours is sent."""
    wire = _edited(api, '"https://source.lab:6443"', '"https://source.lab:6443", "proxy-url": "http://127.0.0.1:1"')
    asked = []
    monkeypatch.setattr(api, "connect", lambda *where: asked.append(where[:2]))
    with pytest.raises(NoAnswer) as caught:
        wire.call("GET", ONE, timeout=5.0)
    assert not caught.value.late
    assert asked == [("127.0.0.1", 1)]
    wire.close()


def test_identity_is_the_uid_and_the_ca(api: Api) -> None:
    """Two facts that a wrong kubeconfig cannot both have."""
    api.on("GET", "/api/v1/namespaces/kube-system", answers(200, {"metadata": {"name": "kube-system", "uid": "7c1e"}}))
    uid, ca = api.kube().identity()
    assert (uid, len(ca)) == ("7c1e", 64)


def test_a_kind_outside_the_table_is_an_error() -> None:
    """Nothing is discovered: a name that the table does not hold is a fault of ours."""
    with pytest.raises(UnknownName, match="Gadget"):
        url("Gadget")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_has_one_place(name: str) -> None:
    """The path of a kind follows from the table alone."""
    kind = KINDS[name]
    front = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    within = "/namespaces/ns" if kind.namespaced else ""
    assert url(name, "ns", "one") == f"{front}{within}/{kind.resource}/one"


# ---- watches ----

PODS = "/api/v1/namespaces/speedtest/pods"


def event(kind: str, name: str = "p", version: str = "51") -> dict[str, Any]:
    return {"type": kind, "object": {"metadata": {"name": name, "namespace": "speedtest", "resourceVersion": version}}}


@pytest.mark.parametrize("lines", [[event("BOOKMARK"), event("MODIFIED")], [event("ERROR")], []])
def test_a_watch_returns_at_an_event_an_error_or_the_end(api: Api, lines: list[Any]) -> None:
    """One request; a bookmark alone changes nobody's mind, a 410 is a reason to look again."""
    api.on("GET", PODS, answers(200, lines, lines=True))
    api.kube().watch("Pod", "speedtest", "50", 30)
    assert len(api.asked) == 1
    assert api.asked[0].query == "watch=1&resourceVersion=50&timeoutSeconds=30"
    assert api.clock.slept == []


def test_a_watch_ends_at_its_time_out_when_the_server_is_silent(api: Api) -> None:
    """Seconds below one cannot be asked of a server; the wire's own time-out holds."""
    api.on("GET", PODS, api.never)
    api.kube().watch("Pod", "speedtest", "50", 0.2)
    assert len(api.asked) == 1


def test_a_watch_that_cannot_be_opened_does_not_spin(api: Api) -> None:
    """Where a watch is forbidden the engine's next look comes half a second later, not at once."""
    api.on("GET", PODS, status_of(403, "Forbidden", "no"))
    api.kube().watch("Pod", "speedtest", "50", 30)
    assert api.clock.slept == [0.5]


def test_a_watch_of_a_kind_that_is_gone_does_not_spin(api: Api) -> None:
    """The next look says that it is not served; the watch itself ends quietly after half a second."""
    api.on("GET", ".*", answers(404, "404 page not found"))
    api.kube().watch("Application", "argocd", "", 30)
    assert api.clock.slept == [0.5]


def test_a_watch_without_a_version_misses_nothing(api: Api) -> None:
    """What changed between a look at one object and the watch is seen by the LIST between, and no watch is opened."""
    kube = api.kube()
    api.on("GET", ONE, answers(200, DEPLOYMENT))
    newer = {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "resourceVersion": "42"}}
    many = "/apis/apps/v1/namespaces/speedtest/deployments"
    api.on("GET", many, answers(200, {"metadata": {"resourceVersion": "60"}, "items": [newer]}))
    kube.read(REF)
    kube.watch("Deployment", "speedtest", "", 5)
    assert [one.query for one in api.asked if one.path == many] == ["limit=500"]


def test_a_watch_without_a_version_starts_at_a_list(api: Api) -> None:
    """Where nothing changed since the look, the watch goes on from the LIST's version."""
    kube = api.kube()
    api.on("GET", ONE, answers(200, DEPLOYMENT))
    many = "/apis/apps/v1/namespaces/speedtest/deployments"
    api.on("GET", many, answers(200, {"metadata": {"resourceVersion": "60"}, "items": [DEPLOYMENT]}), answers(200, [event("MODIFIED")], lines=True))
    kube.read(REF)
    kube.watch("Deployment", "speedtest", "", 5)
    assert "resourceVersion=60" in api.asked[-1].query


# ---- questions ----


def test_whether_we_may_is_asked_of_the_server(api: Api) -> None:
    """A review names verb, group, resource and namespace; the virtual operation is a patch of its Application."""
    api.on(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        answers(201, {"status": {"allowed": True, "reason": "RBAC"}}),
        answers(201, {"status": {"allowed": False}}),
    )
    kube = api.kube()
    assert kube.ask("can-i", verb="patch", kind="Operation", namespace="argocd") == {"allowed": True, "reason": "RBAC"}
    assert not kube.ask("can-i", verb="create", kind="Namespace", namespace="")["allowed"]
    wanted = {"verb": "patch", "group": "argoproj.io", "version": "v1alpha1", "resource": "applications", "namespace": "argocd"}
    assert api.asked[0].body["spec"]["resourceAttributes"] == wanted
    assert "namespace" not in api.asked[1].body["spec"]["resourceAttributes"]


def test_a_pod_is_tried_without_effect(api: Api) -> None:
    """A fence and a missing right are both 403: the message is handed on."""
    api.on("POST", PODS, status_of(403, "Forbidden", 'pods "pm-tried-x" is forbidden: exceeded quota: pm-fence'))
    tried = api.kube().ask("dry-run-pod", namespace="speedtest")
    assert tried["status"] == 403
    assert "exceeded quota: pm-fence" in tried["message"]
    assert api.asked[0].query == "dryRun=All"


def test_a_pod_is_asked_through_the_api_server(api: Api) -> None:
    """Any status is the Pod's own answer; a silent one is status 0."""
    api.on("GET", PODS + "/p-1:8080/proxy/alive", answers(503, "no healthy upstream"))
    said = api.kube().ask("proxy", namespace="speedtest", pod="p-1", port=8080, path="/alive")
    assert said == {"status": 503, "body": "no healthy upstream"}


def test_an_unknown_question_is_an_error(api: Api) -> None:
    """A question that the adapter does not know is never an empty answer."""
    with pytest.raises(UnknownName, match="weather"):
        api.kube().ask("weather")


# ---- Argo CD's operation, an object of its own ----

APPLICATION = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/speedtest"
OPERATION = Ref("target", "Operation", "argocd", "speedtest")


def tagged(tag: str) -> dict[str, Any]:
    return {"info": [{"name": "pm", "value": tag}], "sync": {}}


@pytest.mark.parametrize(
    ("application", "tag", "queued", "running"),
    [
        ({}, None, None, False),
        ({"operation": tagged("K")}, "K", "K", False),
        ({"operation": tagged("K"), "status": {"operationState": {"phase": "Running", "operation": tagged("K")}}}, "K", "K", True),
        ({"status": {"operationState": {"phase": "Succeeded", "operation": tagged("K")}}}, "K", None, False),
        ({"operation": {"sync": {}}, "status": {"operationState": {"phase": "Succeeded", "operation": tagged("K")}}}, "K", None, False),
    ],
)
def test_an_operation_is_known_by_its_tag(api: Api, application: dict[str, Any], tag: str | None, queued: str | None, *, running: bool) -> None:
    """In `operation` while it waits or runs, in `operationState` afterwards."""
    api.on("GET", APPLICATION, answers(200, {"metadata": {"name": "speedtest", "resourceVersion": "7", "uid": "u"}, **application}))
    seen = api.kube("target").read(OPERATION)
    assert seen.object is not None
    assert (seen.object["tag"], seen.object["queued"], seen.object["running"], seen.version) == (tag, queued, running, "7")


def _edited(api: Api, old: str, new: str) -> Wire:
    """A wire over a kubeconfig that somebody else wrote."""
    path = api.kubeconfig()
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return Wire(str(path), "k3s", api, api.clock)


def test_a_token_that_ends_with_a_newline_is_sent_without_it(api: Api) -> None:
    """As a file holds it; sent as it stands it would be no header, and the error would quote it."""
    wire = _edited(api, "canary-token", "canary-token\\n")
    wire.call("GET", ONE, timeout=5.0)
    assert api.asked[0].headers["Authorization"] == "Bearer canary-token"
    wire.close()


def test_what_is_no_header_is_said_without_its_words(api: Api) -> None:
    """A token with a line break inside."""
    wire = _edited(api, "canary-token", "canary\\n-token")
    with pytest.raises(NoAnswer) as caught:
        wire.call("GET", ONE, timeout=5.0)
    assert "canary" not in str(caught.value)
    wire.close()


def test_half_a_request_is_not_sent_with_the_next_one(api: Api) -> None:
    """A write whose header is refused stays unsent: the connection that holds its beginning is thrown away."""
    api.on("GET", ONE, answers(200, DEPLOYMENT))
    wire = _edited(api, "canary-token", "good")
    assert wire.call("GET", ONE, timeout=5.0).ok
    for _ in range(2):
        with pytest.raises(NoAnswer):
            wire.call("PATCH", ONE, body={"spec": {"replicas": 0}}, headers={"X-Portkey-Step": "2.1\n#1"}, timeout=5.0)
        assert wire.call("GET", ONE, timeout=5.0).json == DEPLOYMENT
    assert [one.method for one in api.asked] == ["GET", "GET", "GET"]
    wire.close()


def test_credentials_that_cannot_be_had_end_a_watch_quietly(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """An issuer of tokens that is away for a moment: the next look says so, half a second later."""
    kube = api.kube()

    def away(*_: object, **__: object) -> str:
        raise urllib3.exceptions.ProtocolError

    monkeypatch.setattr(kube._wire._configuration, "get_api_key_with_prefix", away)
    kube.watch("Pod", "speedtest", "50", 30)
    assert api.clock.slept == [0.5]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/über/a b", "/%C3%BCber/a%20b"),
        ("/a%20b/c:d@e", "/a%20b/c:d@e"),
        ("/alive?x=1&y=ä", "/alive?x=1&y=%C3%A4"),
    ],
)
def test_an_apps_own_path_is_sent_as_a_path(api: Api, path: str, sent: str) -> None:
    """What the plan has after `http:` may hold what no request line can; what is quoted already stays."""
    api.on("GET", ".*", answers(200, "ok"))
    wire = _edited(api, "canary-token", "good")
    assert wire.call("GET", path, timeout=5.0).ok
    asked = api.asked[0]
    assert asked.path + (f"?{asked.query}" if asked.query else "") == sent
    wire.close()


def test_a_server_may_stand_behind_a_path(api: Api) -> None:
    """`server: https://host/k8s/clusters/c-1` keeps its path before the API's own, with its query."""
    wire = _edited(api, "https://source.lab:6443", "https://source.lab:6443/k8s/clusters/c-1/")
    wire.call("GET", ONE, query={"limit": "5"}, timeout=5.0)
    assert (api.asked[0].path, api.asked[0].query) == (f"/k8s/clusters/c-1{ONE}", "limit=5")
    wire.close()


def test_no_token_goes_to_a_proxy_in_the_clear(api: Api) -> None:
    """Plain HTTP through a proxy is refused before anything is sent."""
    with pytest.raises(NoKubeconfig, match="behind a proxy and without TLS"):
        _edited(api, '"https://source.lab:6443"', '"http://source.lab:6443", "proxy-url": "http://127.0.0.1:1"')
