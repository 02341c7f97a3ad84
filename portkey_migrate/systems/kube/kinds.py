"""Which kinds there are for us: one static table, so that nothing is discovered.

A cache of discovery answers with another cluster's APIs once a second cluster stands behind the same address (measured), and a kind that
is not in this table is a fault of ours that shows at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from portkey_migrate.errors import UnknownName


@dataclass(frozen=True)
class Kind:
    group: str  # "" is the core group
    version: str
    resource: str  # the plural, lower case, as it stands in a URL
    namespaced: bool = True
    brought_by: str = ""  # what a person installs to have it; "" comes with Kubernetes

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def argument(self) -> str:
        """The kind as kubectl takes it without asking discovery which group was meant."""
        return f"{self.resource}.{self.group}" if self.group and "." in self.group else self.resource


KINDS: dict[str, Kind] = {
    "ConfigMap": Kind("", "v1", "configmaps"),
    "Endpoints": Kind("", "v1", "endpoints"),
    "Event": Kind("", "v1", "events"),
    "LimitRange": Kind("", "v1", "limitranges"),
    "Namespace": Kind("", "v1", "namespaces", namespaced=False),
    "Node": Kind("", "v1", "nodes", namespaced=False),
    "PersistentVolume": Kind("", "v1", "persistentvolumes", namespaced=False),
    "PersistentVolumeClaim": Kind("", "v1", "persistentvolumeclaims"),
    "Pod": Kind("", "v1", "pods"),
    "ReplicationController": Kind("", "v1", "replicationcontrollers"),
    "ResourceQuota": Kind("", "v1", "resourcequotas"),
    "Secret": Kind("", "v1", "secrets"),
    "Service": Kind("", "v1", "services"),
    "ServiceAccount": Kind("", "v1", "serviceaccounts"),
    "ControllerRevision": Kind("apps", "v1", "controllerrevisions"),
    "DaemonSet": Kind("apps", "v1", "daemonsets"),
    "Deployment": Kind("apps", "v1", "deployments"),
    "ReplicaSet": Kind("apps", "v1", "replicasets"),
    "StatefulSet": Kind("apps", "v1", "statefulsets"),
    "SelfSubjectAccessReview": Kind("authorization.k8s.io", "v1", "selfsubjectaccessreviews", namespaced=False),
    "HorizontalPodAutoscaler": Kind("autoscaling", "v2", "horizontalpodautoscalers"),
    "CronJob": Kind("batch", "v1", "cronjobs"),
    "Job": Kind("batch", "v1", "jobs"),
    "Lease": Kind("coordination.k8s.io", "v1", "leases"),
    "EndpointSlice": Kind("discovery.k8s.io", "v1", "endpointslices"),
    "Ingress": Kind("networking.k8s.io", "v1", "ingresses"),
    "NetworkPolicy": Kind("networking.k8s.io", "v1", "networkpolicies"),
    "PodDisruptionBudget": Kind("policy", "v1", "poddisruptionbudgets"),
    "ClusterRole": Kind("rbac.authorization.k8s.io", "v1", "clusterroles", namespaced=False),
    "ClusterRoleBinding": Kind("rbac.authorization.k8s.io", "v1", "clusterrolebindings", namespaced=False),
    "Role": Kind("rbac.authorization.k8s.io", "v1", "roles"),
    "RoleBinding": Kind("rbac.authorization.k8s.io", "v1", "rolebindings"),
    "CSIDriver": Kind("storage.k8s.io", "v1", "csidrivers", namespaced=False),
    "StorageClass": Kind("storage.k8s.io", "v1", "storageclasses", namespaced=False),
    "VolumeAttachment": Kind("storage.k8s.io", "v1", "volumeattachments", namespaced=False),
    "AppProject": Kind("argoproj.io", "v1alpha1", "appprojects", brought_by="Argo CD"),
    "Application": Kind("argoproj.io", "v1alpha1", "applications", brought_by="Argo CD"),
    "ApplicationSet": Kind("argoproj.io", "v1alpha1", "applicationsets", brought_by="Argo CD"),
    "Certificate": Kind("cert-manager.io", "v1", "certificates", brought_by="cert-manager"),
    "ExternalSecret": Kind("external-secrets.io", "v1", "externalsecrets", brought_by="External Secrets"),
    "ServiceMonitor": Kind("monitoring.coreos.com", "v1", "servicemonitors", brought_by="the Prometheus operator"),
    "PrometheusRule": Kind("monitoring.coreos.com", "v1", "prometheusrules", brought_by="the Prometheus operator"),
    "VolumeSnapshot": Kind("snapshot.storage.k8s.io", "v1", "volumesnapshots", brought_by="the snapshot controller"),
    "ReplicationDestination": Kind("volsync.backube", "v1alpha1", "replicationdestinations", brought_by="VolSync"),
    "ReplicationSource": Kind("volsync.backube", "v1alpha1", "replicationsources", brought_by="VolSync"),
}


def kind_of(name: str) -> Kind:
    if name not in KINDS:
        raise UnknownName(f"no kind is named {name}")
    return KINDS[name]


def url(name: str, namespace: str = "", one: str = "") -> str:
    """The path of a kind, of a kind in a namespace, or of one object."""
    kind = kind_of(name)
    front = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    within = f"/namespaces/{quote(namespace, safe='')}" if kind.namespaced and namespace else ""
    return f"{front}{within}/{kind.resource}{'/' + quote(one, safe='') if one else ''}"
