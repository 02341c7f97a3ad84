"""Two clusters and a Ceph in memory in which vaultwarden serves and may move: every check answers ok, until a test breaks one thing."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portkey_migrate.model import App, Change, Found, Member, Ref, Seen, Volume
from portkey_migrate.ports import Reply
from portkey_migrate.systems.at import At

DIGEST = "sha256:84fd8a47f58d79a1ad824c27be0a9492750c0fa5216b35c749863093bfa3c3d7"
IMAGE = f"ghcr.io/dani-garcia/vaultwarden:1.34.3@{DIGEST}"
NAME = "vaultwarden"
KEY = "pm-1a2b-3"
VOLUME = Volume(NAME, "pvc-1", "ceph-blockpool", "csi-vol-1", "1Gi", "ceph-block", ("rook-ceph/rook-csi-rbd-node",))
FOUND = Found(
    NAME, NAME, (Member("Deployment", NAME, 1),), NAME, "vaultwarden.example.org", "/alive", NAME, 8080, "vaultwarden-tls", (),
    "192.168.0.224", "192.168.0.160", (VOLUME,), NAME,
)  # fmt: skip
APP = App(NAME, "handover", (NAME,), 180.0, 604800.0, "/alive")
WRITER = "192.168.0.11:0/4711"
NOW = datetime(2026, 1, 10, 13, 30, tzinfo=UTC)


def thing(kind: str, name: str, namespace: str = NAME, **rest: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "resourceVersion": "1", "uid": f"{kind}-{name}", **rest.pop("meta", {})}
    return {"kind": kind, "metadata": meta | ({"namespace": namespace} if namespace else {}), **rest}


def pod(name: str, node: str, *, claim: str = NAME, ready: bool = True, mine: bool = True) -> dict[str, Any]:
    spec = {"nodeName": node, "containers": [{"name": "main"}], "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": claim}}]}
    statuses = [{"name": "main", "imageID": f"ghcr.io/dani-garcia/vaultwarden@{DIGEST}"}]
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}], "containerStatuses": statuses}
    return thing("Pod", name, meta={"labels": {"app": NAME} if mine else {}}, spec=spec, status=status)


def lease(node: str, renewed: str = "2026-01-10T13:29:55.000000Z") -> dict[str, Any]:
    return thing("Lease", node, "kube-node-lease", spec={"renewTime": renewed})


def attachment(node: str, volume: str = "pvc-1") -> dict[str, Any]:
    return thing("VolumeAttachment", f"csi-{node}", "", spec={"nodeName": node, "source": {"persistentVolumeName": volume}})


@dataclass
class Cluster:
    """A system that only looks."""

    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    def put(self, *things: dict[str, Any]) -> None:
        for one in things:
            self.objects[one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]] = one

    def of(self, kind: str, name: str = NAME, namespace: str = NAME) -> dict[str, Any]:
        return self.objects[kind, namespace, name]

    def drop(self, kind: str, name: str = NAME, namespace: str = NAME) -> None:
        del self.objects[kind, namespace, name]

    def read(self, ref: Ref) -> Seen:
        one = self.objects.get((ref.kind, ref.namespace, ref.name))
        return Seen(None) if one is None else Seen(one, "1", one["metadata"]["uid"], "deletionTimestamp" in one["metadata"])

    def list(self, kind: str, namespace: str = "") -> tuple[Sequence[Mapping[str, Any]], str]:
        return [one for (k, ns, _), one in sorted(self.objects.items()) if k == kind and namespace in ("", ns)], "1"

    def watch(self, kind: str, namespace: str, since: str, timeout: float) -> None:
        raise AssertionError("a check never waits")

    def send(self, change: Change, seen: Seen, token: str) -> None:
        raise AssertionError("a check changes nothing")

    def by_hand(self, change: Change) -> Any:
        raise AssertionError("a check changes nothing")

    def ask(self, question: str, **values: Any) -> Mapping[str, Any]:
        raise AssertionError(f"no check here asks {question} {values}")


@dataclass
class Images(Cluster):
    """Ceph: who has the image open, and who is shut out."""

    watchers: list[str] = field(default_factory=lambda: [WRITER])
    shut_out: set[str] = field(default_factory=set)

    def read(self, ref: Ref) -> Seen:
        return Seen({"address": ref.name}, "listed") if ref.name in self.shut_out else Seen(None)

    def ask(self, question: str, **values: Any) -> Mapping[str, Any]:
        assert values.get("image", VOLUME.image) == VOLUME.image
        said: dict[str, Mapping[str, Any]] = {"watchers": {"addresses": list(self.watchers)}, "image": {"id": "5e1", "size": 1 << 30}}
        return said[question]


@dataclass
class Clock:
    at: float = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a check never waits")


@dataclass
class Town:
    """Both clusters and Ceph, and the facts of the move; `look()` makes a fresh view of them."""

    source: Cluster = field(default_factory=Cluster)
    target: Cluster = field(default_factory=Cluster)
    ceph: Images = field(default_factory=Images)
    clock: Clock = field(default_factory=Clock)
    page: Reply = field(default_factory=lambda: Reply(503, {}, b"", "cert"))
    app: App = APP
    begun: dict[str, Change] = field(default_factory=dict)
    checked: dict[str, Any] = field(default_factory=dict)
    mind: dict[str, Any] = field(default_factory=dict)

    def look(self) -> At:
        return At(
            f"app/{NAME}", KEY, self.clock, {"source": self.source, "target": self.target, "ceph": self.ceph}, lambda *_: self.page,
            lambda *_: pytest.fail("no check runs a command"), self.app, None, FOUND, self.begun, (), {}, self.checked, mind=self.mind,
        )  # fmt: skip

    def stopped(self) -> None:
        """The source's Pods are gone, its volume detached, nobody watches."""
        self.source.of("Deployment")["spec"]["replicas"] = 0
        self.source.drop("Pod", "vaultwarden-1")
        self.source.drop("VolumeAttachment", "csi-metal0", "")
        self.ceph.watchers = []
        self.begun["scale-to-0:source/vaultwarden"] = Change(Ref("source", "Deployment", NAME, NAME), {}, {})


def backup(*, repository: str = "hmac:mine") -> list[dict[str, Any]]:
    status = {
        "lastSyncTime": "2026-01-10T12:02:10Z",
        "lastSyncDuration": "1m40s",
        "latestMoverStatus": {
            "result": "Successful",
            "logs": "processed 217 files, 18.402 MiB in 0:02\nsnapshot b70d967d saved\nRestic completed in 4s",
        },
        "conditions": [{"type": "Synchronizing", "status": "False", "reason": "WaitingForSchedule"}],
    }
    restic = {"repository": "vaultwarden-volsync", "retain": {"daily": 7, "weekly": 4, "last": "3"}}
    spec = {"sourcePVC": NAME, "trigger": {"schedule": "0 */6 * * *"}, "restic": restic}
    secret = thing("Secret", "vaultwarden-volsync", data={"RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD": "hmac:p"}, type="Opaque")
    return [thing("ReplicationSource", NAME, spec=spec, status=status), secret]


def _volume(*, made: bool) -> list[dict[str, Any]]:
    ours = {"annotations": {"portkey-migrate.io/made-by": KEY}} if made else {}
    about = {"clusterID": "rook-ceph", "pool": VOLUME.pool, "imageName": VOLUME.image}
    csi = {
        "driver": "rook-ceph.rbd.csi.ceph.com",
        "volumeAttributes": about,
        "nodeStageSecretRef": {"name": "rook-csi-rbd-node", "namespace": "rook-ceph"},
    }
    holder = {"namespace": NAME, "name": NAME, "uid": f"PersistentVolumeClaim-{NAME}"}
    spec = {
        "csi": csi,
        "claimRef": holder,
        "capacity": {"storage": "1Gi"},
        "storageClassName": "ceph-block",
        "persistentVolumeReclaimPolicy": "Retain",
    }
    return [
        thing("PersistentVolume", "pvc-1", "", meta=ours, spec=spec, status={"phase": "Bound"}),
        thing("PersistentVolumeClaim", NAME, meta=ours, spec={"volumeName": "pvc-1"}, status={"phase": "Bound"}),
        thing("StorageClass", "ceph-block", "", provisioner="rook-ceph.rbd.csi.ceph.com", parameters={"clusterID": "rook-ceph", "pool": VOLUME.pool}),
        thing("Secret", "rook-csi-rbd-node", "rook-ceph", data={"userKey": "hmac:k"}),
        thing("ConfigMap", "rook-ceph-mon-endpoints", "rook-ceph", data={"data": "a=192.168.0.2:6789,b=192.168.0.3:6789"}),
    ]


def node(name: str, address: str) -> dict[str, Any]:
    images = [{"names": [f"ghcr.io/dani-garcia/vaultwarden@{DIGEST}"], "sizeBytes": 96_000_000}]
    ready = [{"type": "Ready", "status": "True"}]
    return thing("Node", name, "", spec={}, status={"addresses": [{"type": "InternalIP", "address": address}], "images": images, "conditions": ready})


@pytest.fixture
def town() -> Town:
    """All is well: vaultwarden serves at the source, its place at the target is prepared."""
    out = Town()
    template = {
        "metadata": {"labels": {"app": NAME}},
        "spec": {"containers": [{"name": "main", "image": IMAGE}], "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": NAME}}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": NAME}}, "template": template}
    out.source.put(*_volume(made=False), *backup(), thing("Deployment", NAME, spec=spec), pod("vaultwarden-1", "metal0"), attachment("metal0"))
    out.source.put(node("metal0", "192.168.0.11"), node("metal1", "192.168.0.12"), lease("metal0"), lease("metal1"))
    out.target.put(*_volume(made=True), thing("Deployment", NAME, spec=copy.deepcopy({**spec, "replicas": 0})))
    out.target.put(thing("Secret", "vaultwarden-volsync", data={"RESTIC_REPOSITORY": "hmac:theirs"}, type="Opaque"))
    out.target.put(node("metal2", "192.168.0.13"), lease("metal2"))
    return out
