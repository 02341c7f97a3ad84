"""Service → EndpointSlice: which Pods a Service leads to, as the ingress will read it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, either, key_of, matches, owned_by, ready
from portkey_migrate.lab.traps import endpoints_lag
from portkey_migrate.lab.truth import assumed, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    read("a Pod that ends is not ready, whatever it says", "endpointslice utils.go:43 podToEndpoint"),
    assumed("one slice a Service", "the real controller splits at 100 ends", "kinder"),
)

SERVICE = "kubernetes.io/service-name"
_MANAGED = "endpointslice.kubernetes.io/managed-by"


class EndpointSlices(Controller):
    """One slice a Service that has a selector; a Service without one is its maker's business."""

    name = "endpointslice-controller"
    kinds = frozenset({"Service", "Pod"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "Service":
            yield key_of(obj), 0.02
            return
        if old is not None and new is not None and _face(old) == _face(new):
            return
        for service in self.list(world, "Service", obj["metadata"]["namespace"]):
            if matches(obj["metadata"].get("labels", {}), service["spec"].get("selector")):
                yield key_of(service), endpoints_lag.lag(world, self.cluster)

    def act(self, world: World, now: float, key: Key) -> float | None:
        del now
        service = self.get(world, "Service", *key)
        if service is None or not alive(service) or not service["spec"].get("selector"):
            return None
        ends = [
            _endpoint(pod)
            for pod in self.list(world, "Pod", key[0])
            if matches(pod["metadata"].get("labels", {}), service["spec"]["selector"]) and pod.get("status", {}).get("podIP")
        ]
        ports = [
            {"name": port.get("name", ""), "port": _target(port), "protocol": port.get("protocol", "TCP")}
            for port in service["spec"].get("ports", ())
        ]
        mine = next((one for one in self.list(world, "EndpointSlice", key[0]) if _is_mine(one, key[1])), None)
        if mine is None:
            suffix = hashlib.sha256(f"{world.seed}:{self.cluster}:{key}".encode()).hexdigest()[:5]
            labels = {SERVICE: key[1], _MANAGED: "endpointslice-controller.k8s.io"}
            metadata = {"name": f"{key[1]}-{suffix}", "namespace": key[0], "labels": labels, "ownerReferences": [owned_by(service)]}
            self.create(world, "EndpointSlice", {"metadata": metadata, "addressType": "IPv4", "endpoints": ends, "ports": ports})
        elif mine.get("endpoints") != ends or mine.get("ports") != ports:
            self.replace(world, {**mine, "endpoints": ends, "ports": ports})
        return None


def _face(pod: Object) -> tuple[bool, bool, str]:
    return ready(pod), alive(pod), pod.get("status", {}).get("podIP", "")


def _endpoint(pod: Object) -> Object:
    here, going = ready(pod), not alive(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": here and not going, "serving": here, "terminating": going},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"], "uid": pod["metadata"]["uid"]},
    }


def _target(port: Object) -> int:
    wanted = port.get("targetPort", port["port"])
    return int(str(wanted)) if str(wanted).isdigit() else int(port["port"])


def _is_mine(one: Object, service: str) -> bool:
    labels = one["metadata"].get("labels", {})
    return bool(labels.get(SERVICE) == service and labels.get(_MANAGED) == "endpointslice-controller.k8s.io")
