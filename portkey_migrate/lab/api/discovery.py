"""What the server says of itself: /version, health, and discovery in its old form, which every client falls back to."""

from __future__ import annotations

import re
from typing import Any

from portkey_migrate.lab.api.message import Refused, Response, answer, no_such_resource
from portkey_migrate.lab.kinds import CUSTOM, GROUPS, KINDS, Kind
from portkey_migrate.lab.truth import assumed, held

FACTS = (
    held(
        "version, health, and which kinds there are",
        "tests/contract/test_rights_and_namespaces.py::test_the_server_says_its_version_and_that_it_is_well",
    ),
    assumed("discovery in its old form alone", "every client falls back to it", "either"),
)

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
NO_GROUP = Response(404, {"Content-Type": "text/plain; charset=utf-8"}, b"404 page not found\n")


def said(path: str, release: str) -> Response:  # noqa: C901, PLR0911 - one line a path
    """The answer to a path that names no resource. An unknown group is plain text (measured), anything else unknown a Status."""
    path = path.rstrip("/") or "/"
    if path in ("/healthz", "/livez", "/readyz"):
        return Response(200, {"Content-Type": "text/plain; charset=utf-8"}, b"ok")
    if path == "/version":
        return answer(200, _version(release))
    if path == "/api":
        return answer(200, {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
    if path == "/apis":
        return answer(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(group) for group in GROUPS if group]})
    parts = path.strip("/").split("/")
    if path == "/api/v1":
        return answer(200, _resources("", "v1"))
    if parts[0] == "apis" and parts[1] in GROUPS:
        if len(parts) == 2:  # noqa: PLR2004 - /apis/GROUP
            return answer(200, {"kind": "APIGroup", "apiVersion": "v1", **_group(parts[1])})
        if GROUPS[parts[1]] == parts[2] and len(parts) == 3:  # noqa: PLR2004 - /apis/GROUP/VERSION
            return answer(200, _resources(parts[1], parts[2]))
        if parts[1] not in CUSTOM:
            raise no_such_resource()
    if path.startswith(("/apis/", "/openapi")):
        return NO_GROUP
    if path.startswith("/api"):
        raise no_such_resource()
    if path == "/":
        return answer(
            200,
            {"paths": ["/api", "/api/v1", "/apis", *(f"/apis/{group}" for group in GROUPS if group), "/healthz", "/livez", "/readyz", "/version"]},
        )
    raise Refused(404, "NotFound", "the server could not find the requested resource", {})


def _version(release: str) -> dict[str, Any]:
    found = re.match(r"v(\d+)\.(\d+)", release)
    major, minor = found.groups() if found else ("1", "")
    return {
        "major": major, "minor": minor, "gitVersion": release, "gitCommit": "", "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.25",  # noqa: E501 - one text or table row, as it is read
        "compiler": "gc", "platform": "linux/amd64",
    }  # fmt: skip


def _group(group: str) -> dict[str, Any]:
    one = {"groupVersion": f"{group}/{GROUPS[group]}", "version": GROUPS[group]}
    return {"name": group, "versions": [one], "preferredVersion": one}


def _resources(group: str, version: str) -> dict[str, Any]:
    out: list[dict[str, Any]] = []
    for kind in KINDS.values():
        if (kind.group, kind.version) == (group, version):
            out.append(_resource(kind))
            out += [_subresource(kind, name) for name in kind.subresources]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/{version}" if group else version, "resources": out}


def _resource(kind: Kind) -> dict[str, Any]:
    one: dict[str, Any] = {"name": kind.resource, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind}
    one["verbs"] = _VERBS if kind.stored else ["create"]
    if kind.short:
        one["shortNames"] = list(kind.short)
    if kind.kind in ("Pod", "Service", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"):
        one["categories"] = ["all"]
    return one


def _subresource(kind: Kind, name: str) -> dict[str, Any]:
    one: dict[str, Any] = {
        "name": f"{kind.resource}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": ["get", "patch", "update"],
    }
    if name == "scale":
        one |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    elif name == "eviction":
        one |= {"group": "policy", "version": "v1", "kind": "Eviction", "verbs": ["create"]}
    elif name == "proxy":
        one |= {"kind": "PodProxyOptions", "verbs": ["create", "delete", "get", "patch", "update"]}
    elif name == "finalize":
        one["verbs"] = ["update"]
    return one
