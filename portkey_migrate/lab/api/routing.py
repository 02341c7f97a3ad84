"""From a path to what it names: group, resource, namespace, name, subresource."""

from __future__ import annotations

from typing import NamedTuple

from portkey_migrate.lab.api.message import Request
from portkey_migrate.lab.api.rights import Asked
from portkey_migrate.lab.kinds import SERVED, Kind
from portkey_migrate.lab.truth import held

FACTS = (
    held("an unknown group is plain text", "tests/contract/test_objects.py::test_an_unknown_group_is_plain_text"),
    held("a known group without the kind is a Status", "tests/contract/test_objects.py::test_a_known_group_without_the_kind_is_not_found"),
)


class Target(NamedTuple):
    group: str
    version: str
    resource: str
    namespace: str
    name: str
    subresource: str
    rest: str  # what follows a proxy

    @property
    def kind(self) -> Kind | None:
        """The kind, where the server has it and the path fits its scope."""
        kind = SERVED.get((self.group, self.version, self.resource))
        if kind is None or (self.subresource and self.subresource not in kind.subresources):
            return None
        if kind.namespaced and self.name and not self.namespace:
            return None
        return kind if kind.namespaced or not self.namespace or kind.kind == "Namespace" else None


def target_of(path: str) -> Target | None:
    """What a path under /api/v1 or /apis/G/V names; None where it names no resource (discovery, /version, nonsense)."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:  # noqa: PLR2004 - /api/v1/X
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:  # noqa: PLR2004 - /apis/G/V/X
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and not (group == "" and rest[2] in ("status", "finalize")):  # noqa: PLR2004 - namespaces/N/X
        namespace, rest = rest[1], rest[2:]
    elif rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]  # RBAC asks for a Namespace itself inside it
    resource, name, subresource, *_ = [*rest, "", ""]
    return Target(group, version, resource, namespace, name, subresource, "/".join(rest[3:]))


def verb_of(request: Request, target: Target) -> str:
    """The verb as RBAC says it."""
    if request.method in ("GET", "HEAD"):
        if target.name:
            return "get"
        return "watch" if request.query.get("watch", "") in ("true", "1") else "list"
    if request.method == "DELETE":
        return "delete" if target.name else "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(request.method, request.method.lower())


def asked_of(verb: str, target: Target) -> Asked:
    return Asked(verb, target.group, target.resource, target.namespace, target.name, target.subresource)
