"""What stands in two real clusters before an app is moved between them: an app with a volume on one, an ingress's address on both."""

from __future__ import annotations

from typing import Any

from portkey_migrate.model import App
from tests.real.cluster import Cluster
from tests.real.script import MERGE
from tests.real.stand_in import Asking

APP = App("vault", "handover", ("vault",), 300.0, 0.0)
HOST, VOLUME = "vault.example.org", "pvc-5d1c"
_ADDRESSES = {True: "192.168.0.224", False: "192.168.0.160"}
_NS = f"/api/v1/namespaces/{APP.name}"
_LABELS = {"app": APP.name}
_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{APP.name}/deployments"
_CSI_SECRET = {"name": "rook-csi-rbd-node", "namespace": "rook-ceph"}

DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": APP.name},
    "spec": {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": _LABELS},
        "template": {
            "metadata": {"labels": _LABELS},
            "spec": {
                "containers": [
                    {
                        "name": "c",
                        "image": "registry.example/vault@sha256:" + "a" * 64,
                        "envFrom": [{"secretRef": {"name": "keys"}}],
                        "ports": [{"name": "http", "containerPort": 8080}],
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                    }
                ],
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": APP.name}}],
            },
        },
    },
}
#: As Rook's driver makes it, less what only its own controller reads.
PERSISTENT: dict[str, Any] = {
    "metadata": {"name": VOLUME, "annotations": {"pv.kubernetes.io/provisioned-by": "rook-ceph.rbd.csi.ceph.com"}},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "2Gi"},
        "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": APP.name, "name": APP.name},
        "csi": {
            "driver": "rook-ceph.rbd.csi.ceph.com",
            "fsType": "ext4",
            "nodeStageSecretRef": _CSI_SECRET,
            "volumeAttributes": {"clusterID": "rook-ceph", "imageFeatures": "layering", "imageName": "csi-vol-5d1c", "pool": "replicapool"},
            "volumeHandle": "0001-0009-rook-ceph-0000000000000001-5d1c",
        },
        "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": "ceph-block",
        "volumeMode": "Filesystem",
    },
}
CLAIM: dict[str, Any] = {
    "metadata": {"name": APP.name, "annotations": {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "2Gi"}},
        "storageClassName": "ceph-block",
        "volumeMode": "Filesystem",
        "volumeName": VOLUME,
    },
}
_RULE = {
    "host": HOST,
    "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": APP.name, "port": {"name": "http"}}}}]},
}


def furnish(cluster: Cluster, *, whole: bool) -> None:
    """The ingress controller's Service, as its load balancer left it; `whole`: the app too, its Pod Ready when this returns."""
    api = Asking(cluster)
    services = "/api/v1/namespaces/ingress-nginx/services"
    api.done("POST", "/api/v1/namespaces", {"metadata": {"name": "ingress-nginx"}})
    api.done("POST", services, {"metadata": {"name": "ingress-nginx-controller"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 443}]}})
    balanced = {"loadBalancer": {"ingress": [{"ip": _ADDRESSES[whole]}]}}
    api.done("PATCH", f"{services}/ingress-nginx-controller/status", {"status": balanced}, MERGE)
    if whole:
        _app(api)
        cluster.until(lambda: _serves(api), "controllers")
    api.close()


def _app(api: Asking) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "baseline", "somebodys": "own"}
    api.done("POST", "/api/v1/namespaces", {"metadata": {"name": APP.name, "labels": labels}})
    api.done("POST", f"{_NS}/secrets", {"metadata": {"name": "keys"}, "stringData": {"token": "canary", "a.key": "x"}})
    tls = {"metadata": {"name": "vault-tls"}, "type": "kubernetes.io/tls", "stringData": {"tls.crt": "certificate", "tls.key": "key"}}
    api.done("POST", f"{_NS}/secrets", tls)
    api.done("POST", "/api/v1/persistentvolumes", PERSISTENT)
    api.done("POST", f"{_NS}/persistentvolumeclaims", CLAIM)
    put_deployment(api)
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    api.done("POST", f"{_NS}/services", {"metadata": {"name": APP.name}, "spec": {"selector": _LABELS, "ports": ports}})
    spec = {"ingressClassName": "nginx", "rules": [_RULE], "tls": [{"hosts": [HOST], "secretName": "vault-tls"}]}
    api.done("POST", f"/apis/networking.k8s.io/v1/namespaces/{APP.name}/ingresses", {"metadata": {"name": APP.name}, "spec": spec})


def put_deployment(api: Asking) -> None:
    api.done("POST", _DEPLOYMENTS, DEPLOYMENT)


def take_deployment(api: Asking) -> None:
    api.done("DELETE", f"{_DEPLOYMENTS}/{APP.name}", {"propagationPolicy": "Background"})


def _serves(api: Asking) -> bool:
    claim = api.done("GET", f"{_NS}/persistentvolumeclaims/{APP.name}")
    deployment = api.done("GET", f"{_DEPLOYMENTS}/{APP.name}")
    return (claim["status"].get("phase"), deployment["status"].get("readyReplicas")) == ("Bound", 1)
