"""SelfSubjectAccessReview and SelfSubjectRulesReview: what may I? Questions by POST; nothing is kept."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.api.message import Response, answer, bad, invalid, missing
from portkey_migrate.lab.api.rights import Asked, User, may_read_path
from portkey_migrate.lab.store import Object
from portkey_migrate.lab.truth import held

FACTS = (
    held("one may ask what one may", "tests/contract/test_rights_and_namespaces.py::test_access_can_be_asked_for"),
    held("a review of rules names a Namespace", "tests/contract/test_rights_and_namespaces.py::test_rules_need_a_namespace"),
)


def reviewed(kind: str, user: User, body: Object) -> Response:
    return _rules(user, body) if kind == "SelfSubjectRulesReview" else _access(user, body)


def _access(user: User, body: Object) -> Response:
    spec = body.get("spec") or {}
    if not spec.get("resourceAttributes") and not spec.get("nonResourceAttributes"):
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise invalid("SelfSubjectAccessReview", "authorization.k8s.io", "", [missing("spec.resourceAttributes", why)])
    if path := spec.get("nonResourceAttributes"):
        allowed, role = may_read_path(user, path.get("path", "")), "system:discovery"
    else:
        want = spec["resourceAttributes"]
        asked = Asked(*(want.get(key, "") for key in ("verb", "group", "resource", "namespace", "name", "subresource")))
        allowed, role = (
            user.may(asked),
            "cluster-admin" if any(rule.verbs == ("*",) and rule.resources == ("*",) for rule in user.rules) else "portkey-migrate",
        )
    status: dict[str, Any] = {"allowed": allowed}
    if allowed:
        status["reason"] = f'RBAC: allowed by ClusterRoleBinding "{role}" of ClusterRole "{role}" to {_subject(user)}'
    return answer(201, {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": spec, "status": status})


def _subject(user: User) -> str:
    if user.name.startswith("system:serviceaccount:"):
        _, _, namespace, name = user.name.split(":", 3)
        return f'ServiceAccount "{namespace}/{name}"'
    return f'User "{user.name}"'


def _rules(user: User, body: Object) -> Response:
    namespace = (body.get("spec") or {}).get("namespace", "")
    if not namespace:
        raise bad("no namespace on request")
    rules = []
    for rule in user.rules:
        if "*" in rule.namespaces or namespace in rule.namespaces:
            one: dict[str, Any] = {"verbs": list(rule.verbs), "apiGroups": list(rule.groups), "resources": list(rule.resources)}
            if rule.names:
                one["resourceNames"] = list(rule.names)
            rules.append(one)
    paths = [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/api", "/api/*", "/apis", "/apis/*", "/openapi/*"]}]
    status = {"resourceRules": rules, "nonResourceRules": paths, "incomplete": False}
    return answer(201, {"kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {}, "status": status})
