"""One mutating call: what it carries, what it is sent under, and what its reply means."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.errors import Conflict, NoReply, SendRefused
from portkey_migrate.model import Change, Ref, Seen, escape
from portkey_migrate.systems.kube import api as adapter
from portkey_migrate.systems.kube.wire import Wire

from .conftest import Api, answers, cut, status_of

QUOTAS = "/api/v1/namespaces/speedtest/resourcequotas"
FENCE = Ref("source", "ResourceQuota", "speedtest", "pm-fence")
MADE_BY = f"metadata.annotations.{escape('portkey-migrate.io/made-by')}"
SEEN = Seen({}, version="41", uid="u-1")
ON = Change(FENCE, {"spec.hard.pods": "1000000"}, {"spec.hard.pods": "0"})


def test_a_create_is_a_post_of_the_whole_object(api: Api) -> None:
    """Name, kind and our annotation go with it; the token says which attempt it is."""
    api.on("POST", QUOTAS, answers(201, {}))
    api.kube().send(Change(FENCE, None, {"spec.hard.pods": "0", MADE_BY: "pm-1a2b-3"}), Seen(None), "3.2#1")
    assert api.asked[0].headers["X-Portkey-Step"] == "3.2#1"
    assert api.asked[0].body == {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "pm-fence", "namespace": "speedtest", "annotations": {"portkey-migrate.io/made-by": "pm-1a2b-3"}},
        "spec": {"hard": {"pods": "0"}},
    }


def test_a_patch_is_sent_under_the_version_that_was_seen(api: Api) -> None:
    """A late twin of it has an old version and is refused; what goes along goes in the same call."""
    api.on("PATCH", QUOTAS + "/pm-fence", answers(200, {}))
    api.kube().send(Change(ON.ref, ON.before, {**(ON.after or {}), "spec.scopes": None}, along={MADE_BY: "K"}), SEEN, "3.2#1")
    assert api.asked[0].headers["Content-Type"] == "application/merge-patch+json"
    meta = {"annotations": {"portkey-migrate.io/made-by": "K"}, "resourceVersion": "41"}
    assert api.asked[0].body == {"metadata": meta, "spec": {"hard": {"pods": "0"}, "scopes": None}}


def test_a_delete_names_the_uid_that_was_seen(api: Api) -> None:
    """Who made it anew under the same name keeps it."""
    api.on("DELETE", QUOTAS + "/pm-fence", answers(200, {}))
    api.kube().send(Change(FENCE, {"spec.hard.pods": "0"}, None), SEEN, "3.2#1")
    assert api.asked[0].body["preconditions"] == {"uid": "u-1"}
    assert api.asked[0].body["propagationPolicy"] == "Background"


def test_one_attempt_is_sent_once(api: Api) -> None:
    """A token that was sent before never reaches the wire again."""
    api.on("PATCH", QUOTAS + "/pm-fence", answers(200, {}))
    kube = api.kube()
    kube.send(ON, SEEN, "3.2#1")
    with pytest.raises(RuntimeError, match=r"3\.2#1 was sent before"):
        kube.send(ON, SEEN, "3.2#1")
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (status_of(409, "Conflict", "the object has been modified"), Conflict),
        (status_of(404, "NotFound", "gone"), Conflict),  # a PATCH of what vanished meanwhile: look again
        (status_of(500, "InternalError", "etcd"), NoReply),
        (status_of(504, "Timeout", "request did not complete"), NoReply),
        (cut, NoReply),
        (status_of(403, "Forbidden", "no"), SendRefused),
        (status_of(422, "Invalid", "x" * 1000), SendRefused),
        (status_of(429, "TooManyRequests", "later"), SendRefused),
    ],
)
def test_a_reply_means_one_of_three(api: Api, answer: Any, error: type[Exception]) -> None:
    """It is old, it is a clear no, or nobody knows; and never is it sent again from here."""
    api.on("PATCH", QUOTAS + "/pm-fence", answer)
    with pytest.raises(error) as caught:
        api.kube().send(ON, SEEN, "3.2#1")
    assert len(str(caught.value)) < 400
    assert len(api.asked) == 1


def test_a_no_that_comes_before_the_whole_body_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """413, and the door is shut: the rest of the body finds nobody, and what was said before counts."""
    api = Api(tmp_path)
    ours, theirs = socket.socketpair()
    theirs.sendall(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n")
    theirs.shutdown(socket.SHUT_RD)
    with ours, theirs:
        monkeypatch.setattr(api, "connect", lambda *_: ours)
        wire = Wire(str(api.kubeconfig()), "k3s", api, api.clock)
        assert wire.call("PATCH", "/x", body={"a": "b" * 1_000_000}, timeout=5.0).status == 413
        wire.close()


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_silence_after_a_send_is_no_reply(api: Api, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Whatever the client library would repeat by itself (PUT and DELETE, measured) is sent once."""
    monkeypatch.setattr(adapter, "WRITE", 0.2)
    api.on(method, ".*", api.never)
    change = {"POST": Change(FENCE, None, ON.after), "PATCH": ON, "DELETE": Change(FENCE, ON.after, None)}[method]
    with pytest.raises(NoReply, match="timed out"):
        api.kube().send(change, SEEN, "3.2#1")
    assert len(api.asked) == 1


def test_a_post_into_nothing_is_refused(api: Api) -> None:
    """A namespace that is not there is a clear no, not an object to look at again."""
    with pytest.raises(SendRefused, match="404"):
        api.kube().send(Change(FENCE, None, ON.after), Seen(None), "3.2#1")


# ---- Argo CD's operation ----


def test_an_operation_is_one_patch_that_clears_the_last_one(api: Api) -> None:
    """Left-over fields of the last operation would make this one a false success (real/ A7)."""
    application = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/speedtest"
    api.on("PATCH", application, answers(200, {}))
    picked = [{"kind": "Service", "namespace": "speedtest", "name": "speedtest"}]
    change = Change(Ref("target", "Operation", "argocd", "speedtest"), {"tag": None}, {"tag": "K"}, along={"resources": picked, "prune": False})
    api.kube("target").send(change, Seen({"sync-options": ["ServerSideApply=true"]}, "7", "u"), "1.5#1")
    sync = {"prune": False, "resources": picked, "syncOptions": ["ServerSideApply=true"]}
    assert api.asked[0].body == {
        "metadata": {"resourceVersion": "7"},
        "operation": {"initiatedBy": {"username": "portkey-migrate"}, "info": [{"name": "pm", "value": "K"}], "sync": sync},
        "status": {"operationState": None},
    }


def test_an_operation_is_withdrawn_with_our_mark(api: Api) -> None:
    """The mark moves the version, so that a late twin of the operation is refused."""
    api.on("PATCH", "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/speedtest", answers(200, {}))
    mark = f"metadata.annotations.{escape('portkey-migrate.io/mark')}"
    change = Change(Ref("target", "Operation", "argocd", "speedtest"), {"queued": "K"}, {"queued": None}, along={mark: "K"})
    api.kube("target").send(change, Seen({}, "7", "u"), "2.1#1")
    assert api.asked[0].body == {"metadata": {"annotations": {"portkey-migrate.io/mark": "K"}, "resourceVersion": "7"}, "operation": None}


# ---- Secrets ----

CANARY = "correct horse battery staple"
RAW = base64.b64encode(CANARY.encode()).decode()
THEIRS = "/api/v1/namespaces/speedtest/secrets/keys"
OTHERS = "/api/v1/namespaces/elsewhere/secrets"


def secret(value: str = RAW) -> dict[str, Any]:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"data": {"a.b": value}}), "keep": "me"}
    return {
        "metadata": {"name": "keys", "namespace": "speedtest", "resourceVersion": "9", "uid": "s", "annotations": applied},
        "type": "Opaque",
        "data": {"a.b": value},
    }


def test_a_secret_is_seen_without_its_values(api: Api) -> None:
    """Equal values compare equal within one journal, other keys give other marks, and no value is anywhere in what is seen."""
    api.on("GET", THEIRS, answers(200, secret()))
    api.on("GET", "/api/v1/namespaces/speedtest/secrets", answers(200, {"metadata": {"resourceVersion": "9"}, "items": [secret()]}))
    ref = Ref("source", "Secret", "speedtest", "keys")
    source, target, other = api.kube(), api.kube("target"), api.kube("source", key=b"another journal")
    shown = [source.read(ref).object, target.read(ref).object, other.read(ref).object, source.list("Secret", "speedtest")[0][0]]
    marks = [one["data"]["a.b"] for one in shown if one]
    assert marks[0] == marks[1] == marks[3] != marks[2]
    assert CANARY not in repr(shown)
    assert RAW not in repr(shown)
    assert shown[0] is not None
    assert shown[0]["metadata"]["annotations"] == {"keep": "me"}


def copied(api: Api) -> Change:
    api.on("GET", THEIRS, answers(200, secret()))
    seen = api.kube("source").read(Ref("source", "Secret", "speedtest", "keys")).object or {}
    fields = {"type": "Opaque", f"data.{escape('a.b')}": seen["data"]["a.b"], MADE_BY: "K"}
    return Change(Ref("target", "Secret", "elsewhere", "keys"), None, fields, along={"copy-of": "source/speedtest/keys"})


def test_a_secret_is_copied_from_api_to_api_inside_one_send(api: Api) -> None:
    """The row holds a mark; the value is read at the moment it is sent, and nothing of the other object goes along."""
    change = copied(api)
    api.on("POST", OTHERS, answers(201, {}))
    api.kube("target").send(change, Seen(None), "1.3#1")
    meta = {"name": "keys", "namespace": "elsewhere", "annotations": {"portkey-migrate.io/made-by": "K"}}
    assert api.asked[-1].body == {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": {"a.b": RAW}}
    assert CANARY not in repr(change)
    assert RAW not in repr(change)


def test_a_secret_that_changed_since_is_not_copied(api: Api) -> None:
    """What was recorded is what is sent, or nothing."""
    change = copied(api)
    api.on("GET", THEIRS, answers(200, secret(base64.b64encode(b"new").decode())))
    with pytest.raises(SendRefused, match=r"key a\.b is not what it was"):
        api.kube("target").send(change, Seen(None), "1.3#1")
    assert [one.method for one in api.asked] == ["GET", "GET"]


def test_a_refusal_of_a_secret_is_not_quoted(api: Api) -> None:
    """A server may quote what it was given."""
    change = copied(api)
    api.on("POST", OTHERS, status_of(422, "Invalid", f"data: Invalid value: {CANARY}"))
    with pytest.raises(SendRefused) as caught:
        api.kube("target").send(change, Seen(None), "1.3#1")
    assert CANARY not in str(caught.value)


# ---- by hand ----


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            Change(Ref("source", "Deployment", "ns", "web"), {"spec.replicas": 0}, {"spec.replicas": 2}),
            "kubectl --context k3s -n ns scale deployments/web --replicas=2",
        ),
        (ON, """kubectl --context k3s -n speedtest patch resourcequotas pm-fence --type=merge -p {"spec":{"hard":{"pods":"0"}}}"""),
        (Change(Ref("source", "Namespace", "", "ns"), {}, None), "kubectl --context k3s delete namespaces ns"),
        (
            Change(Ref("source", "Application", "argocd", "a"), {"spec.syncPolicy.automated": {}}, {"spec.syncPolicy.automated": None}),
            """kubectl --context k3s -n argocd patch applications.argoproj.io a --type=merge -p {"spec":{"syncPolicy":{"automated":null}}}""",
        ),
        (
            Change(Ref("source", "Operation", "argocd", "a"), {"queued": "K"}, {"queued": None}),
            'kubectl --context k3s -n argocd patch applications.argoproj.io a --type=merge -p {"operation":null}',
        ),
    ],
)
def test_a_change_can_be_typed(api: Api, change: Change, words: str) -> None:
    """The command names its context, never the current one, and the look after it follows."""
    command, look = api.kube().by_hand(change)
    assert " ".join(command) == words
    assert "get" in look


def test_a_copy_of_a_secret_is_typed_without_its_value(api: Api) -> None:
    """One pipe from cluster to cluster; the value is in no argument."""
    change = copied(api)
    command, _ = api.kube("target").by_hand(change)
    assert command[:2] == ["sh", "-c"]
    assert command[2].startswith("kubectl --context k3s -n speedtest get secret keys -o json | jq ")
    assert command[2].endswith("kubectl --context k3s -n elsewhere create -f -")
