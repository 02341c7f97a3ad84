"""A folder of the repository, rendered: what app-template makes of an app's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portkey_migrate.lab.truth import assumed

FACTS = (assumed("what an app's folder renders to, replicas: 1 always", "after the cluster's repository; its chart was not run", "either"),)

Object = dict[str, Any]


def rendered(app: str, values: Mapping[str, Any]) -> list[Object]:
    """ConfigMap, Service, Deployment, Ingress; the Secret is not in Git. `replicas: 1` is always written (domain B20)."""
    labels = {"app.kubernetes.io/name": app, "app.kubernetes.io/instance": app}
    metadata = {"name": app, "namespace": app, "labels": labels}
    sources: list[Object] = []
    out: list[Object] = []
    if values.get("config"):
        out.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "name": f"{app}-config"}, "data": dict(values["config"])})
        sources.append({"configMapRef": {"name": f"{app}-config"}})
    if values.get("secret"):
        sources.append({"secretRef": {"name": f"{app}-secret"}})
    container: Object = {
        "name": "main",
        "image": values["image"],
        "ports": [{"name": "http", "containerPort": values["port"], "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": values.get("people", {}).get("path", "/"), "port": values["port"]}},
        **({"envFrom": sources} if sources else {}),
    }
    volume = values.get("volume")
    if volume:
        container["volumeMounts"] = [{"name": "data", "mountPath": volume["mount"]}]
    port = {"name": "http", "port": values["port"], "protocol": "TCP", "targetPort": values["port"]}
    out.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [port], "selector": labels}})
    out.append(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": values.get("replicas", 1),
                "selector": {"matchLabels": labels},
                **({"strategy": {"type": values["strategy"]}} if values.get("strategy") else {}),
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "automountServiceAccountToken": False,
                        "containers": [container],
                        **({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": volume["claim"]}}]} if volume else {}),
                    },
                },
            },
        }
    )
    out += kept(app, values, metadata)
    backend = {"service": {"name": app, "port": {"number": values["port"]}}}
    rule = {"host": values["host"], "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    tls = [{"hosts": [values["host"]], "secretName": f"{app}-tls"}]
    annotations = {"external-dns.alpha.kubernetes.io/target": "portkey"} if values.get("public") else {}
    out.append(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {**metadata, **({"annotations": annotations} if annotations else {})},
            "spec": {"ingressClassName": "nginx", "rules": [rule], "tls": tls},
        }
    )
    return out


def kept(app: str, values: Mapping[str, Any], metadata: Object) -> list[Object]:
    """What an app with data of its own has besides: its claim, its budget, and VolSync's three objects (charts-common)."""
    out: list[Object] = []
    volume, backup, restore = values.get("volume"), values.get("backup"), values.get("restore")
    if volume:
        options = {"argocd.argoproj.io/sync-options": volume["options"]} if volume.get("options") else {}
        spec: Object = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": volume["class"],
            "resources": {"requests": {"storage": volume["size"]}},
        }
        if backup:  # the chart writes it whether or not the ReplicationDestination is there (domain B11)
            spec["dataSourceRef"] = {"apiGroup": "volsync.backube", "kind": "ReplicationDestination", "name": f"{volume['claim']}-dst"}
        named = {**metadata, "name": volume["claim"], **({"annotations": options} if options else {})}
        out.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": named, "spec": spec})
    if values.get("budget"):
        spec = {**values["budget"], "selector": {"matchLabels": metadata["labels"]}}
        out.append({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec})
    if not volume or not backup:
        return out
    secret, claim = f"{app}-volsync-secret", volume["claim"]
    # One path for whoever has the same values: two clusters that render the same folder write into the same repository (domain B06).
    template = {"data": {"RESTIC_REPOSITORY": "{{ .root }}" + backup["repository"], "RESTIC_PASSWORD": "{{ .password }}"}}
    data = [{"secretKey": key, "remoteRef": {"key": f"restic-{key}"}} for key in ("root", "password")]
    spec = {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "global"}, "target": {"name": secret, "template": template}, "data": data}
    out.append({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {**metadata, "name": secret}, "spec": spec})
    copy = {"copyMethod": "Snapshot", "repository": secret, "storageClassName": volume["class"], "volumeSnapshotClassName": "ceph-block"}
    restic = {**copy, "pruneIntervalDays": 7, **({"retain": dict(backup["retain"])} if backup.get("retain") else {})}
    spec = {"sourcePVC": claim, "trigger": {"schedule": backup["schedule"]}, "restic": restic}
    out.append({"apiVersion": "volsync.backube/v1alpha1", "kind": "ReplicationSource", "metadata": {**metadata, "name": claim}, "spec": spec})
    if restore:
        restic = {**copy, "capacity": restore["capacity"], "accessModes": ["ReadWriteOnce"]}
        spec = {"trigger": {"manual": "restore-once"}, "restic": restic}
        named = {**metadata, "name": f"{claim}-dst"}
        out.append({"apiVersion": "volsync.backube/v1alpha1", "kind": "ReplicationDestination", "metadata": named, "spec": spec})
    return out
