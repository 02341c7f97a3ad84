"""ingress-nginx: what it last loaded is what people get.

Ingresses, Services, endpoints and certificates are read at the queue's next sync and act together; until then the old configuration
goes on serving (graceful reload). Sources: real/README.md §4.17-§4.18, lab.md 10a; location order from its own template.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, either, pieces
from portkey_migrate.lab.controllers.endpoints import SERVICE
from portkey_migrate.lab.town import town
from portkey_migrate.lab.traps import proxy_ssl_needs_secret, slow_reload
from portkey_migrate.lab.truth import assumed, documented, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    documented("the oldest Ingress of a host and path wins", "https://kubernetes.github.io/ingress-nginx/how-it-works/"),
    documented(
        "one regex makes all paths of a host regexes, longest first", "https://kubernetes.github.io/ingress-nginx/user-guide/ingress-path-matching/"
    ),
    documented("temporal-redirect answers by itself", "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/"),
    read("a proxy-ssl-secret that is not there denies the location", "ingress-nginx internal/ingress/annotations/proxyssl/main.go:191 Parse"),
    assumed("a reload cuts no request", "old workers finish theirs; connections that stay open were not tried", "kinder"),
)

NAMESPACE, NAME = "ingress-nginx", "ingress-nginx-controller"
NGINX = "nginx.ingress.kubernetes.io/"
#: The class that this controller serves.
CLASS = "nginx"


@dataclass(frozen=True)
class Location:
    """One path of one host, as loaded."""

    path: str
    exact: bool
    regex: bool
    backend: tuple[str, ...]  # addresses, with port: "10.44.0.2:8080"
    denied: bool = False  # a fault in the Ingress's own annotations: nginx answers 503
    https: bool = False  # speaks TLS to the backend
    sni: str = ""  # the name that it sends there; "" for none
    redirect: str = ""  # answered from the location itself, endpoints or not
    rewrite: str = ""

    def takes(self, path: str) -> re.Match[str] | None:
        if self.regex:
            return re.match(self.path, path, re.IGNORECASE)
        if self.exact:
            return re.fullmatch(re.escape(self.path), path)
        return re.match(re.escape(self.path.rstrip("/")) + "(?=/|$)", path)


@dataclass(frozen=True)
class Loaded:
    """One configuration: locations by host in the order in which they are tried, and the certificate for each name."""

    hosts: dict[str, tuple[Location, ...]] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)  # name → the Secret's tls.crt, base64


class IngressController(Controller):
    """One cluster's ingress, behind its LoadBalancer address."""

    name = "ingress-nginx"
    kinds = frozenset({"Ingress", "Service", "EndpointSlice", "Secret"})

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.loaded = Loaded()
        self.last = float("-inf")
        self.down = False  # its Pods are gone: nothing answers at the address
        self.stuck = False  # it serves what it loaded last and loads nothing new

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "Ingress" and old is not None and new is not None and _asks(old) == _asks(new):
            return  # its own status: nothing to load
        if kind == "Secret" and obj.get("type") != "kubernetes.io/tls":
            return
        yield ("sync",), slow_reload.later(world, self.cluster, self.last)

    def act(self, world: World, now: float, key: Key) -> float | None:
        del key
        if self.stuck:
            return None
        self.last = now
        self.loaded = self._read(world)
        address = self.address(world)
        for one in self.list(world, "Ingress"):
            status = {"loadBalancer": {"ingress": [{"ip": address}]}}
            if address and one.get("status") != status and one["spec"].get("ingressClassName") == CLASS:
                self.patch(world, one, {"status": status})
        town(world).users.look(world)
        return None

    def address(self, world: World) -> str:
        service = self.get(world, "Service", NAMESPACE, NAME)
        return next((one["ip"] for one in pieces(service, "status", "loadBalancer", "ingress")), "")

    def _read(self, world: World) -> Loaded:
        hosts: dict[str, list[Location]] = {}
        certificates: dict[str, str] = {}
        mine = [one for one in self.list(world, "Ingress") if one["spec"].get("ingressClassName") == CLASS and alive(one)]
        # The oldest Ingress of a host and path wins.
        mine.sort(key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["namespace"], one["metadata"]["name"]))
        for one in mine:
            for tls in one["spec"].get("tls", ()):
                secret = self.get(world, "Secret", one["metadata"]["namespace"], tls.get("secretName", ""))
                if secret is not None and secret.get("data", {}).get("tls.crt"):
                    for name in tls.get("hosts", ()):
                        certificates.setdefault(name, secret["data"]["tls.crt"])
            for rule in one["spec"].get("rules", ()):
                there = hosts.setdefault(rule.get("host", ""), [])
                for path in pieces(rule, "http", "paths"):
                    made = self._location(world, one, path)
                    if all(made.path != other.path or made.exact != other.exact for other in there):
                        there.append(made)
        return Loaded({host: tuple(_ordered(there)) for host, there in hosts.items()}, certificates)

    def _location(self, world: World, ingress: Object, path: Object) -> Location:
        annotations = ingress["metadata"].get("annotations", {})
        namespace = ingress["metadata"]["namespace"]
        service = path["backend"]["service"]
        rewrite = annotations.get(NGINX + "rewrite-target", "")
        return Location(
            path=path.get("path", "/"),
            exact=path.get("pathType") == "Exact",
            regex=bool(rewrite) or annotations.get(NGINX + "use-regex") == "true",
            backend=self._backend(world, namespace, service["name"], service["port"]),
            denied=self._denied(world, namespace, annotations),
            https=annotations.get(NGINX + "backend-protocol", "HTTP") == "HTTPS",
            sni=proxy_ssl_needs_secret.sni(annotations, bites=proxy_ssl_needs_secret.TRAP.bites(world)),
            redirect=annotations.get(NGINX + "temporal-redirect", ""),
            rewrite=rewrite,
        )

    def _denied(self, world: World, namespace: str, annotations: Object) -> bool:
        """proxy-ssl-secret must be `namespace/name`, of the Ingress's own namespace, and be there; else the location is denied."""
        named = annotations.get(NGINX + "proxy-ssl-secret", "")
        if not named:
            return False
        where, slash, name = named.partition("/")
        return not slash or where != namespace or self.get(world, "Secret", namespace, name) is None

    def _backend(self, world: World, namespace: str, name: str, port: Object) -> tuple[str, ...]:
        service = self.get(world, "Service", namespace, name)
        if service is None or not alive(service):
            return ()
        spec = next((one for one in service["spec"].get("ports", ()) if port in ({"number": one["port"]}, {"name": one.get("name", "")})), None)
        if spec is None:
            return ()
        if service["spec"].get("type") == "ExternalName":
            return (f"{service['spec']['externalName']}:{spec['port']}",)
        out: list[str] = []
        for one in self.list(world, "EndpointSlice", namespace):
            if one["metadata"].get("labels", {}).get(SERVICE) != name or not alive(one):
                continue
            number = next(
                (p["port"] for p in one.get("ports") or () if p.get("name", "") == spec.get("name", "") or len(one["ports"]) == 1), spec["port"]
            )
            for end in one.get("endpoints") or ():
                if end.get("conditions", {}).get("ready", True):
                    out += [f"{address}:{number}" for address in end["addresses"]]
        return tuple(out)


def _asks(ingress: Object) -> tuple[object, object]:
    return ingress["spec"], ingress["metadata"].get("annotations")


def _ordered(there: list[Location]) -> list[Location]:
    """A regex anywhere on a host makes all its paths regexes, longest first; else exact paths, then the longest prefix."""
    if any(one.regex for one in there):
        regexes = [Location(**{**one.__dict__, "path": "^" + one.path, "regex": True}) for one in there]
        return sorted(regexes, key=lambda one: (-len(one.path), one.path))
    return sorted(there, key=lambda one: (not one.exact, -len(one.path), one.path))
