"""What is asked of a cluster and is no object. Nothing here changes anything: a review, a dry run, a version, a look through the Pod proxy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from portkey_migrate.errors import UnknownName
from portkey_migrate.systems.kube.kinds import kind_of, url

if TYPE_CHECKING:
    from portkey_migrate.systems.kube.api import Kube

#: A Pod that every Pod security level lets in, so that what refuses it is the fence and nothing else.
_TRIED = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "pm-tried-"},
    "spec": {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65535, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "tried",
                "image": "registry.k8s.io/pause:3.10",
                "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}},
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    },
}
_SHOWN = 4096  # characters of an answer through the Pod proxy


def can_i(kube: Kube, *, verb: str, kind: str, namespace: str = "", subresource: str = "", name: str = "") -> Mapping[str, Any]:
    """{allowed, reason}. Asked of the server: roles are its business."""
    known = kind_of("Application" if kind == "Operation" else kind)
    wanted = {"verb": verb, "group": known.group, "version": known.version, "resource": known.resource}
    extra = {"namespace": namespace if known.namespaced else "", "subresource": subresource, "name": name}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {**wanted, **{key: value for key, value in extra.items() if value}}},
    }
    answered = kube.look("POST", url("SelfSubjectAccessReview"), f"whether we may {verb} {known.resource}", body=body)
    said = answered.json.get("status") or {}
    return {"allowed": bool(said.get("allowed")), "reason": str(said.get("reason") or answered.message)}


def dry_run_pod(kube: Kube, *, namespace: str) -> Mapping[str, Any]:
    """{status, message} of a Pod that is tried without effect. A fence and a missing right are both 403: the message tells them apart."""
    answered = kube.look("POST", url("Pod", namespace), "a Pod tried without effect", query={"dryRun": "All"}, body=_TRIED)
    return {"status": answered.status, "message": answered.message}


def version(kube: Kube) -> Mapping[str, Any]:
    """The server's own words: gitVersion and the rest."""
    said = kube.get("/version", "its version").json
    return dict(said) if isinstance(said, dict) else {}


def proxy(kube: Kube, *, namespace: str, pod: str, port: int | str, path: str) -> Mapping[str, Any]:
    """{status, body} of one GET to a Pod through the API server: no ingress, no Service, no DNS between."""
    where = f"{url('Pod', namespace, pod)}:{port}/proxy/{path.lstrip('/')}"
    answered = kube.through(where, f"Pod {pod}")
    return {"status": answered.status, "body": answered.body[:_SHOWN].decode("utf-8", "replace")}


_QUESTIONS: Mapping[str, Callable[..., Mapping[str, Any]]] = {"can-i": can_i, "dry-run-pod": dry_run_pod, "version": version, "proxy": proxy}


def ask(kube: Kube, question: str, **values: Any) -> Mapping[str, Any]:
    if question not in _QUESTIONS:
        raise UnknownName(f"kubernetes has no question {question}")
    return _QUESTIONS[question](kube, **values)
