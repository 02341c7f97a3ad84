"""Two clusters in memory in which speedtest serves and may move: every check answers ok, until a test breaks one thing."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portkey_migrate.errors import NotServed
from portkey_migrate.model import App, Change, Found, Member, Ref, Seen
from portkey_migrate.ports import Reply
from portkey_migrate.systems.at import At, Will
from portkey_migrate.systems.names import key_path, key_url

APP = App("speedtest", "stateless", ("speedtest",), 300.0, 0.0)
FOUND = Found(
    "speedtest", "speedtest", (Member("Deployment", "speedtest", 1),), "speedtest",
    "speedtest.example.org", "/", "speedtest", 80, "speedtest-tls", ("keys",),
    "192.168.0.224", "192.168.0.160",
)  # fmt: skip
KEY = "pm-1a2b-3"


def thing(
    kind: str,
    name: str,
    namespace: str = "speedtest",
    *,
    annotations: Mapping[str, str] | None = None,
    owner: tuple[str, str] | None = None,
    **rest: Any,
) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "resourceVersion": "1", "uid": f"{kind}-{name}"} | ({"namespace": namespace} if namespace else {})
    if annotations:
        meta["annotations"] = dict(annotations)
    if owner:
        meta["ownerReferences"] = [{"kind": owner[0], "name": owner[1]}]
    return {"kind": kind, "metadata": meta, **rest}


def pod(name: str, *, ready: bool = True) -> dict[str, Any]:
    one = thing("Pod", name, spec={"containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}]})
    one["metadata"]["labels"] = {"app": "speedtest"}
    one["status"] = {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    return one


def node(name: str, status: str = "True") -> dict[str, Any]:
    return thing("Node", name, "", spec={}, status={"conditions": [{"type": "Ready", "status": status}]})


def endpoints(service: str, *, ready: bool = True) -> dict[str, Any]:
    one = thing("EndpointSlice", f"{service}-x1", endpoints=[{"addresses": ["10.0.0.9"], "conditions": {"ready": ready}}])
    one["metadata"]["labels"] = {"kubernetes.io/service-name": service}
    return one


def external_dns(*args: str) -> dict[str, Any]:
    containers = [{"name": "c", "image": "registry.k8s.io/external-dns/external-dns:v0.21.0", "args": list(args)}]
    return thing("Deployment", "external-dns", "external-dns", spec={"replicas": 1, "template": {"spec": {"containers": containers}}})


@dataclass
class Cluster:
    """A system that only looks."""

    version: str
    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    denied: set[tuple[str, str]] = field(default_factory=set)
    proxied: int = 200
    unserved: set[str] = field(default_factory=set)

    def put(self, *things: dict[str, Any]) -> None:
        for one in things:
            self.objects[one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]] = one

    def _serves(self, kind: str) -> None:
        if kind in self.unserved:
            raise NotServed(f"the cluster serves no {kind}", why="install what brings it")

    def read(self, ref: Ref) -> Seen:
        self._serves(ref.kind)
        one = self.objects.get((ref.kind, ref.namespace, ref.name))
        return Seen(None) if one is None else Seen(one, "1", one["metadata"]["uid"], "deletionTimestamp" in one["metadata"])

    def list(self, kind: str, namespace: str = "") -> tuple[Sequence[Mapping[str, Any]], str]:
        self._serves(kind)
        return [one for (k, ns, _), one in sorted(self.objects.items()) if k == kind and namespace in ("", ns)], "1"

    def watch(self, kind: str, namespace: str, since: str, timeout: float) -> None:
        raise AssertionError("a check never waits")

    def send(self, change: Change, seen: Seen, token: str) -> None:
        raise AssertionError("a check changes nothing")

    def by_hand(self, change: Change) -> Any:
        raise AssertionError("a check changes nothing")

    def ask(self, question: str, **values: Any) -> Mapping[str, Any]:
        match question:
            case "version":
                return {"gitVersion": self.version}
            case "can-i":
                return {"allowed": (values["verb"], values["kind"]) not in self.denied, "reason": ""}
            case "proxy":
                assert values["port"] == 8080
                return {"status": self.proxied, "body": ""}
            case other:
                raise AssertionError(f"no check asks {other}")


@dataclass
class Clock:
    at: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 10, 8, tzinfo=UTC) + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a check never waits")


@dataclass
class Clusters:
    """Both sides, what the source's address answers, and the facts of the move; `look()` makes a fresh view of them."""

    source: Cluster
    target: Cluster
    pages: dict[str, Reply] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    identity: dict[str, tuple[str, str]] = field(default_factory=dict)
    begun: dict[str, Change] = field(default_factory=dict)
    found: Found | None = FOUND
    mind: dict[str, Any] = field(default_factory=dict)

    def side(self, name: str) -> Cluster:
        return self.source if name == "source" else self.target

    def fetch(self, address: str, host: str, path: str, _timeout: float) -> Reply:
        assert (address, host) == (FOUND.source_address, FOUND.host)
        return self.pages.get(path, Reply(404, {}, b"", "cert"))

    def look(self) -> At:
        will = [
            Will(verb, Ref(side, kind, "speedtest", "x")) for side, kind, verb in (("target", "Deployment", "patch"), ("source", "Ingress", "patch"))
        ]
        return At(
            "app/speedtest", KEY, self.clock, {"source": self.source, "target": self.target}, self.fetch,
            lambda *_: pytest.fail("no check runs a command"), APP, None, self.found, self.begun, will, self.identity, {}, mind=self.mind,
        )  # fmt: skip


def _both() -> list[dict[str, Any]]:
    data: dict[str, Any] = {"data": {"tls.crt": "hmac:a", "tls.key": "hmac:b"}, "type": "kubernetes.io/tls"}
    return [
        thing("Secret", "speedtest-tls", **data),
        thing("Secret", "keys", data={"token": "hmac:c"}, type="Opaque"),
        thing("Service", "ingress-nginx-controller", "ingress-nginx", spec={}, status={"loadBalancer": {"ingress": [{"ip": "192.168.0.224"}]}}),
    ]


@pytest.fixture
def clusters() -> Clusters:
    """All is well, speedtest is routed to the target through the source's ingress."""
    source, target = Cluster("v1.33.6+k3s1"), Cluster("v1.35.0")
    both = Clusters(source, target, identity={"source": ("uid-s", "ca-s"), "target": ("uid-t", "ca-t")})
    template = {
        "metadata": {"labels": {"app": "speedtest"}},
        "spec": {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "keys"}}], "ports": [{"name": "http", "containerPort": 8080}]}]},
    }
    service = {"name": "speedtest", "port": {"name": "http"}}
    rule = {"host": FOUND.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": service}}]}}
    source.put(*_both(), node("metal0"), node("metal1"), pod("speedtest-1"), external_dns("--txt-owner-id=portkey", "--policy=upsert-only"))
    target.put(*copy.deepcopy(_both()), node("metal2"), node("metal3"))
    target.objects["Service", "ingress-nginx", "ingress-nginx-controller"]["status"]["loadBalancer"]["ingress"][0]["ip"] = FOUND.target_address
    source.put(
        thing("Deployment", "speedtest", spec={"replicas": 1, "selector": {"matchLabels": {"app": "speedtest"}}, "template": template}),
        thing("Service", "speedtest", spec={"selector": {"app": "speedtest"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}),
        endpoints("speedtest"),
        thing("Ingress", "speedtest", spec={"rules": [rule], "tls": [{"hosts": [FOUND.host], "secretName": "speedtest-tls"}]}),
    )
    tolerant = {"ignoreApplicationDifferences": [{"jsonPointers": ["/spec/syncPolicy"]}]}
    for side in (source, target):
        side.put(thing("ApplicationSet", "apps", "argocd", spec=copy.deepcopy(tolerant)))
        side.put(
            thing(
                "Application",
                "speedtest",
                "argocd",
                owner=("ApplicationSet", "apps"),
                spec={"syncPolicy": {}},
                status={"sync": {"status": "Synced"}, "resources": []},
            )
        )
    target.put(thing("Ingress", "pm-probe", annotations={"portkey-migrate.io/made-by": KEY}, spec={}))
    there = Reply(307, {"location": key_url(KEY)}, b"", "cert")
    both.pages = {"/": Reply(200, {}, b"hello", "cert"), "/.portkey-migrate/": Reply(200, {}, b"hello", "cert")}
    both.pages |= {"/.portkey-migrate" + key_path(KEY): there, key_path(KEY): there}
    return both
