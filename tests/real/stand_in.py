"""Stands in for the kubelets of a cluster that has no nodes: binds Pods, says that they are Ready, ends those that are deleted.

One Node that is only an object and whose Lease is renewed, for a controller-manager takes the Pods of a silent node for lost. Nothing else
of a kubelet is here: no container runs, no volume is mapped, no grace period is waited out.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from tests.real.cluster import Cluster
from tests.real.grounds import Real
from tests.real.script import JSON, MERGE, Memory, Step

NODE = "stand-in"
_LEASE = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NODE}"
_EVERY, _RENEWS = 0.1, 5.0  # seconds: between looks at the Pods, between renewals
_DONE = (200, 201, 404, 409)  # 404, 409: the Pod went or changed meanwhile, the next look says how it stands


class Asking:
    """The administrator's own requests to one cluster, apart from the tool's; one thread's."""

    def __init__(self, cluster: Cluster) -> None:
        self.real = Real(cluster)

    def ask(self, method: str, path: str, body: Any = None, content: str = JSON) -> tuple[int, Any]:
        return self.real.ask(Step(method, path, body, content), "", Memory())

    def done(self, method: str, path: str, body: Any = None, content: str = JSON) -> Any:
        """What must come true: the answer's body."""
        status, said = self.ask(method, path, body, content)
        assert status in (200, 201, 202), f"{method} {path}: {status} {said}"
        return said

    def close(self) -> None:
        self.real.close()


class Kubelet:
    """Acts while it is entered; what it died of is raised when it is left."""

    def __init__(self, cluster: Cluster) -> None:
        self._api, self._over = Asking(cluster), threading.Event()
        self._thread = threading.Thread(target=self._acts, name=f"kubelet of {cluster.name}")
        self._died: Exception | None = None

    def __enter__(self) -> Self:
        ready = [{"type": "Ready", "status": "True", "reason": "StandIn", "message": "no container runs here"}]
        self._api.done("POST", "/api/v1/nodes", {"metadata": {"name": NODE}, "status": {"conditions": ready}})
        lease = {"metadata": {"name": NODE}, "spec": {"holderIdentity": NODE, "leaseDurationSeconds": 40, "renewTime": _now()}}
        self._api.done("POST", _LEASE.rpartition("/")[0], lease)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._api.close()
        if self._died is not None:
            raise self._died

    def _acts(self) -> None:
        looks = 0
        try:
            while not self._over.wait(_EVERY):
                if looks % round(_RENEWS / _EVERY) == 0:
                    self._api.done("PATCH", _LEASE, {"spec": {"renewTime": _now()}}, MERGE)
                looks += 1
                for pod in self._api.done("GET", "/api/v1/pods")["items"]:
                    self._tends(pod)
        except Exception as error:  # noqa: BLE001 - told by the thread that leaves
            self._died = error

    def _tends(self, pod: dict[str, Any]) -> None:
        meta = pod["metadata"]
        one = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if "deletionTimestamp" in meta:
            said = self._api.ask("DELETE", one, {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}})
        elif not pod["spec"].get("nodeName"):
            bound = {"metadata": {"name": meta["name"]}, "target": {"apiVersion": "v1", "kind": "Node", "name": NODE}}
            said = self._api.ask("POST", f"{one}/binding", bound)
        elif pod["status"].get("phase") != "Running":
            said = self._api.ask("PATCH", f"{one}/status", {"status": _running(pod)}, MERGE)
        else:
            return
        assert said[0] in _DONE, said


def _running(pod: dict[str, Any]) -> dict[str, Any]:
    kinds = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    started = {"running": {"startedAt": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}}
    containers = [
        {"name": one["name"], "image": one["image"], "imageID": one["image"], "ready": True, "restartCount": 0, "state": started}
        for one in pod["spec"]["containers"]
    ]
    address = "10.42.0.9"
    return {
        "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "containerStatuses": containers,
        "conditions": [{"type": kind, "status": "True"} for kind in kinds],
    }  # fmt: skip


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
