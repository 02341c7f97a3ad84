"""A folder of the repository, rendered: what app-template makes of an app's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
                "template": {"metadata": {"labels": labels}, "spec": {"automountServiceAccountToken": False, "containers": [container]}},
            },
        }
    )
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
