"""How a request finds its way: address → ingress → backend → Pod, or the other cluster's ingress and on from there.

Answered by what each ingress has loaded and by which Pods live at that instant; nothing here changes the world.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab.controllers import ready
from portkey_migrate.lab.controllers.ingress import IngressController, Location
from portkey_migrate.lab.town import town
from portkey_migrate.lab.truth import assumed

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    assumed("nobody ready: 503; nothing listens: 502", "nginx's own pages; no time-out of it is played", "kinder"),
    assumed("a Terminating Pod answers to its end", "an app may close its port first", "kinder"),
)

_HOPS = 4  # a route that leads in a circle ends as nginx ends it: 502 by time-out
FAKE = "Kubernetes Ingress Controller Fake Certificate"


@dataclass
class Answer:
    """What came back, and what only the lab knows: which cluster's Pod answered, and with which names it was asked on the way."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    certificate: str = ""
    error: str = ""
    cluster: str = ""  # whose Pod answered; "" where none did
    pod: str = ""
    namespace: str = ""
    names: tuple[str, ...] = ()  # SNI of each hop, "" for none


def fetch(world: World, address: str, host: str, path: str) -> dict[str, Any]:
    """One GET over HTTPS, as a client sees it: status (0: nothing answered), headers, body, the certificate's SHA-256, error."""
    got = request(world, address, host, path)
    return {
        "status": got.status,
        "headers": got.headers,
        "body": got.body.decode(errors="replace"),
        "certificate": got.certificate,
        "error": got.error,
    }


def request(world: World, address: str, host: str, path: str, sni: str | None = None, hops: int = _HOPS) -> Answer:
    """The same, with what only the lab knows."""
    ingress = _at(world, address)
    if ingress is None:
        return Answer(0, error=f"no route to {address}: connection timed out")
    if ingress.down:
        return Answer(0, error=f"{address} refused the connection")
    name = host if sni is None else sni
    certificate = fingerprint(ingress.loaded.certificates.get(name, ""), ingress.cluster)
    got = _serve(world, ingress, host, path, hops)
    got.certificate, got.names = certificate, (name, *got.names)
    return got


def fingerprint(crt: str, cluster: str) -> str:
    """SHA-256 of the DER certificate inside a Secret's tls.crt; without one the ingress serves its own."""
    if not crt:
        return hashlib.sha256(f"{FAKE} {cluster}".encode()).hexdigest()
    pem = base64.b64decode(crt).decode(errors="replace")
    found = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem, re.DOTALL)
    return hashlib.sha256(base64.b64decode("".join(found[1].split())) if found else pem.encode()).hexdigest()


def _at(world: World, address: str) -> IngressController | None:
    return next((one for one in town(world).ingresses.values() if one.address(world) == address), None)


def _page(status: int, words: str) -> Answer:
    head, foot = f"<head><title>{status} {words}</title></head>", "<hr><center>nginx</center>"
    body = f"<html>\r\n{head}\r\n<body>\r\n<center><h1>{status} {words}</h1></center>\r\n{foot}\r\n</body>\r\n</html>\r\n"
    return Answer(status, {"content-type": "text/html"}, body.encode())


def _serve(world: World, ingress: IngressController, host: str, path: str, hops: int) -> Answer:
    bare = path.partition("?")[0]
    for location in ingress.loaded.hosts.get(host, ()):
        match = location.takes(bare)
        if match:
            return _answer(world, ingress, location, host, _rewritten(location, match, path), hops)
    return _page(404, "Not Found")


def _rewritten(location: Location, match: re.Match[str], path: str) -> str:
    if not location.rewrite:
        return path
    return re.sub(r"\$(\d)", lambda one: (match[int(one[1])] or "") if int(one[1]) <= len(match.groups()) else "", location.rewrite)


def _answer(world: World, ingress: IngressController, location: Location, host: str, path: str, hops: int) -> Answer:
    if location.redirect and not location.denied:
        got = _page(302, "Found")
        got.headers["location"] = location.redirect
        return got
    if location.denied or not location.backend:
        return _page(503, "Service Temporarily Unavailable")
    for end in location.backend:  # nginx tries the next upstream where one refuses
        found = _upstream(world, ingress.cluster, end, location, host, path, hops)
        if found is not None:
            return found
    return _page(502, "Bad Gateway")


def _upstream(world: World, cluster: str, end: str, location: Location, host: str, path: str, hops: int) -> Answer | None:
    """What stands at an address answers: another ingress, or a Pod of this cluster; None where nothing listens."""
    address, _, port = end.rpartition(":")
    if _at(world, address) is not None:
        if port == "443" and not location.https:
            return _page(400, "Bad Request")  # "The plain HTTP request was sent to HTTPS port"
        got = request(world, address, host, path, location.sni, hops - 1) if hops > 1 else Answer(0)
        return got if got.status else None
    pod = next((one for one in world.store.list(cluster, "Pod") if one.get("status", {}).get("podIP") == address), None)
    if pod is None:
        return None
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    answered = pod_answers(world, cluster, namespace, name, int(port), path)
    return None if answered is None else Answer(*answered, cluster=cluster, pod=name, namespace=namespace)


def pod_answers(world: World, cluster: str, namespace: str, name: str, port: int, path: str) -> tuple[int, dict[str, str], bytes] | None:
    """What the Pod itself says to a GET, as the ingress or the API server's proxy asks it; None: nothing listens there.

    A Pod answers from the moment it is ready until its process has ended, a Terminating one too (domain §2.0).
    """
    pod = world.store.get(cluster, "Pod", namespace, name)
    if pod is None or not ready(pod) or (cluster, pod["spec"].get("nodeName", "")) in town(world).silent:
        return None
    ports = [one.get("containerPort") for container in pod["spec"]["containers"] for one in container.get("ports", ())]
    if ports and port not in ports:
        return None
    sick = town(world).sick.get((cluster, namespace))
    if isinstance(sick, int):
        return sick, {"content-type": "text/plain"}, b"internal error"
    app = town(world).facts["apps"].get(namespace, {})
    said = app.get("answers", {"/": f"<title>{namespace}</title>"}).get(path.partition("?")[0])
    if said is None:
        return 404, {"content-type": "text/plain"}, b"404 page not found"
    return 200, {"content-type": "text/html"}, str(said).encode()
