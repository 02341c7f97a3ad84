"""Traffic: the way through the source's ingress to the target's, made and tried while `prepared`, and one patch that takes it.

`src-proxy` (domain §2.0 T2): DNS never changes. ingress-nginx reads `proxy-ssl-*` only together with `proxy-ssl-secret`
(real/README.md §4.17), so all of them go together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portkey_migrate.errors import Blocked
from portkey_migrate.model import Change, Fields, Found, Ref, Seen, Side, escape
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import CLOSED, MADE_BY_FIELD, PROBE, PROBE_PATH, PROXY, key_path, key_url, nginx

_EXCLUDE = f"metadata.annotations.{escape('external-dns.alpha.kubernetes.io/exclude')}"


def _found(at: At) -> Found:
    if at.found is None:
        raise Blocked("nothing is known of the app's traffic")
    return at.found


def _port(found: Found) -> dict[str, Any]:
    return {"number": 443} if found.tls_secret else {"number": 80}


def _upstream(found: Found) -> dict[str, Any]:
    """Annotations by which the source's ingress speaks TLS to the target's, with the app's own name."""
    if not found.tls_secret:
        return {}
    return {
        nginx("backend-protocol"): "HTTPS",
        nginx("proxy-ssl-secret"): f"{found.namespace}/{found.tls_secret}",
        nginx("proxy-ssl-server-name"): "on",
        nginx("proxy-ssl-name"): found.host,
    }


def _tls(found: Found) -> dict[str, Any]:
    return {"spec.tls": [{"hosts": [found.host], "secretName": found.tls_secret}]} if found.tls_secret else {}


@dataclass(frozen=True)
class ProxyService(Step):
    """The source's Service without a selector: a name for the target's ingress."""

    kind: ClassVar[str] = "proxy-service"
    verbs: ClassVar[tuple[str, ...]] = ("get", "create", "delete")
    namespace: str

    @property
    def name(self) -> str:
        return f"proxy-service:source/{self.namespace}"

    def ref(self, at: At) -> Ref:
        return Ref("source", "Service", self.namespace, PROXY)

    def wants(self, seen: Seen, at: At) -> Fields:
        number = _port(_found(at))["number"]
        return {"spec.ports": [{"name": "ingress", "port": number, "protocol": "TCP", "targetPort": number}], MADE_BY_FIELD: at.key}


@dataclass(frozen=True)
class ProxyEndpoints(Step):
    """Where that Service leads: the target's ingress address."""

    kind: ClassVar[str] = "proxy-endpoints"
    verbs: ClassVar[tuple[str, ...]] = ("get", "create", "delete")
    namespace: str

    @property
    def name(self) -> str:
        return f"proxy-endpoints:source/{self.namespace}"

    def ref(self, at: At) -> Ref:
        return Ref("source", "EndpointSlice", self.namespace, PROXY)

    def wants(self, seen: Seen, at: At) -> Fields:
        found = _found(at)
        if not found.target_address:
            raise Blocked("the target's ingress has no address", check="target-ingress-answers")
        return {
            "addressType": "IPv4",
            "endpoints": [{"addresses": [found.target_address], "conditions": {"ready": True}}],
            "ports": [{"name": "ingress", "port": _port(found)["number"], "protocol": "TCP"}],
            f"metadata.labels.{escape('kubernetes.io/service-name')}": PROXY,
            MADE_BY_FIELD: at.key,
        }


@dataclass(frozen=True)
class ClosedService(Step):
    """The source's Service without endpoints: an Ingress that points at it answers 503, which clients try again later."""

    kind: ClassVar[str] = "closed-service"
    verbs: ClassVar[tuple[str, ...]] = ("get", "create", "delete")
    namespace: str

    @property
    def name(self) -> str:
        return f"closed-service:source/{self.namespace}"

    def ref(self, at: At) -> Ref:
        return Ref("source", "Service", self.namespace, CLOSED)

    def wants(self, seen: Seen, at: At) -> Fields:
        return {
            "spec.ports": [{"name": "closed", "port": 80, "protocol": "TCP", "targetPort": 80}],
            f"spec.selector.{escape('portkey-migrate.io/closed')}": "true",
            MADE_BY_FIELD: at.key,
        }


@dataclass(frozen=True)
class ProbeIngress(Step):
    """The whole path, tried before anybody uses it: on the target a redirect that only we can give, on the source the way to it."""

    kind: ClassVar[str] = "probe"
    verbs: ClassVar[tuple[str, ...]] = ("get", "create", "delete")
    side: Side
    namespace: str

    @property
    def name(self) -> str:
        return f"probe:{self.side}/{self.namespace}"

    def ref(self, at: At) -> Ref:
        return Ref(self.side, "Ingress", self.namespace, PROBE)

    def wants(self, seen: Seen, at: At) -> Fields:
        found = _found(at)
        common = {"spec.ingressClassName": "nginx", **_tls(found), _EXCLUDE: "true", MADE_BY_FIELD: at.key}
        if self.side == "target":
            backend = {"service": {"name": found.service, "port": {"number": found.port}}}
            # Answers from the location itself, endpoints or not (real/README.md §4.17).
            own = {nginx("temporal-redirect"): key_url(at.key)}
            return {**common, **own, "spec.rules": _rules(found.host, key_path(at.key), "Exact", backend)}
        backend = {"service": {"name": PROXY, "port": _port(found)}}
        own = {nginx("use-regex"): "true", nginx("rewrite-target"): "/$2", **_upstream(found)}
        return {**common, **own, "spec.rules": _rules(found.host, PROBE_PATH + "(/|$)(.*)", "ImplementationSpecific", backend)}


@dataclass(frozen=True)
class Route(Step):
    """One patch of the source's Ingress: its backend is the target's ingress. From its first attempt new writes live on Talos."""

    kind: ClassVar[str] = "route"
    pivot: ClassVar[bool] = True
    namespace: str
    ingress: str

    @property
    def name(self) -> str:
        return f"route:source/{self.ingress}"

    def ref(self, at: At) -> Ref:
        return Ref("source", "Ingress", self.namespace, self.ingress)

    def wants(self, seen: Seen, at: At) -> Fields:
        found = _found(at)
        return {"spec.rules": _redirected(seen.object or {}, PROXY, _port(found)), **_upstream(found)}


@dataclass(frozen=True)
class Close(Step):
    """503 for people while the writer changes sides on the way back: every field that `Route` touches, pointed at nobody."""

    kind: ClassVar[str] = "close"
    closes: ClassVar[bool] = True
    namespace: str
    ingress: str

    @property
    def name(self) -> str:
        return f"close:source/{self.ingress}"

    def ref(self, at: At) -> Ref:
        return Ref("source", "Ingress", self.namespace, self.ingress)

    def wants(self, seen: Seen, at: At) -> Fields:
        off = dict.fromkeys(_upstream(_found(at)))
        return {"spec.rules": _redirected(seen.object or {}, CLOSED, {"number": 80}), **off}

    def typed(self, begun: Mapping[str, Change]) -> Change | None:
        route = begun.get(f"route:source/{self.ingress}")
        if route is None or route.before is None or route.after is None:
            return None
        rules = _redirected({"spec": {"rules": route.before["spec.rules"]}}, CLOSED, {"number": 80})
        return Change(route.ref, route.after, {**dict.fromkeys(route.after), "spec.rules": rules})


def _rules(host: str, path: str, path_type: str, backend: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"host": host, "http": {"paths": [{"backend": backend, "path": path, "pathType": path_type}]}}]


def _redirected(ingress: Mapping[str, Any], service: str, port: dict[str, Any]) -> list[dict[str, Any]]:
    """The Ingress's own rules, every backend replaced: a merge patch replaces a list whole."""
    return [
        {
            **rule,
            "http": {**rule["http"], "paths": [{**path, "backend": {"service": {"name": service, "port": port}}} for path in rule["http"]["paths"]]},
        }
        for rule in ingress.get("spec", {}).get("rules", [])
    ]
