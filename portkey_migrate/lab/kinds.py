"""The kinds that a cluster of the lab serves: the lab's own table, written from the API's documents and from nothing of the tool's.

If lab and tool shared this table, both would be wrong together. A kind more is a line here: storage, watches, selectors, discovery
and RBAC follow from it; only a kind with rules of its own needs a line in `api/rules.py` too.
"""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind as the API serves it."""

    kind: str  # the key everywhere in the lab: unique in this table
    group: str  # "" for core
    version: str
    resource: str  # plural, lower case
    subresources: tuple[str, ...] = ()  # status, scale, eviction, proxy
    short: tuple[str, ...] = ()
    namespaced: bool = True
    crd: bool = False  # a custom resource: no defaulting, generation counts every change outside metadata (and status, if that is a subresource)
    counts: bool = True  # has metadata.generation
    stored: bool = True  # False: a question (POST alone), never kept

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def qualified(self) -> str:
        """As messages name it: `deployments.apps`, `configmaps`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


_S, _SC = ("status",), ("status", "scale")

_TABLE = (
    # core
    Kind("Namespace", "", "v1", "namespaces", ("status", "finalize"), ("ns",), counts=False, namespaced=False),
    Kind("Node", "", "v1", "nodes", _S, ("no",), counts=False, namespaced=False),
    Kind("Pod", "", "v1", "pods", ("status", "eviction", "proxy"), ("po",)),
    Kind("Secret", "", "v1", "secrets", counts=False),
    Kind("ConfigMap", "", "v1", "configmaps", (), ("cm",), counts=False),
    Kind("Service", "", "v1", "services", _S, ("svc",), counts=False),
    Kind("ServiceAccount", "", "v1", "serviceaccounts", (), ("sa",), counts=False),
    Kind("Endpoints", "", "v1", "endpoints", (), ("ep",), counts=False),
    Kind("Event", "", "v1", "events", (), ("ev",), counts=False),
    Kind("ResourceQuota", "", "v1", "resourcequotas", _S, ("quota",), counts=False),
    Kind("PersistentVolume", "", "v1", "persistentvolumes", _S, ("pv",), counts=False, namespaced=False),
    Kind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims", _S, ("pvc",), counts=False),
    # workloads
    Kind("Deployment", "apps", "v1", "deployments", _SC, ("deploy",)),
    Kind("ReplicaSet", "apps", "v1", "replicasets", _SC, ("rs",)),
    Kind("StatefulSet", "apps", "v1", "statefulsets", _SC, ("sts",)),
    Kind("DaemonSet", "apps", "v1", "daemonsets", _S, ("ds",)),
    Kind("Job", "batch", "v1", "jobs", _S),
    Kind("CronJob", "batch", "v1", "cronjobs", _S, ("cj",)),
    Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets", _S, ("pdb",)),
    # network
    Kind("Ingress", "networking.k8s.io", "v1", "ingresses", _S, ("ing",)),
    Kind("IngressClass", "networking.k8s.io", "v1", "ingressclasses", namespaced=False),
    Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices"),
    Kind("Lease", "coordination.k8s.io", "v1", "leases", counts=False),
    # storage
    Kind("StorageClass", "storage.k8s.io", "v1", "storageclasses", (), ("sc",), counts=False, namespaced=False),
    Kind("VolumeAttachment", "storage.k8s.io", "v1", "volumeattachments", _S, counts=False, namespaced=False),
    Kind("VolumeSnapshot", "snapshot.storage.k8s.io", "v1", "volumesnapshots", _S, ("vs",), crd=True),
    # who may
    Kind("SelfSubjectAccessReview", "authorization.k8s.io", "v1", "selfsubjectaccessreviews", stored=False, counts=False, namespaced=False),
    Kind("SelfSubjectRulesReview", "authorization.k8s.io", "v1", "selfsubjectrulesreviews", stored=False, counts=False, namespaced=False),
    # custom resources. Argo CD's Application and AppProject have no status subresource: status travels in the main resource
    Kind("Application", "argoproj.io", "v1alpha1", "applications", (), ("app", "apps"), crd=True),
    Kind("ApplicationSet", "argoproj.io", "v1alpha1", "applicationsets", _S, ("appset", "appsets"), crd=True),
    Kind("AppProject", "argoproj.io", "v1alpha1", "appprojects", (), ("appproj", "appprojs"), crd=True),
    Kind("ReplicationSource", "volsync.backube", "v1alpha1", "replicationsources", _S, crd=True),
    Kind("ReplicationDestination", "volsync.backube", "v1alpha1", "replicationdestinations", _S, crd=True),
    Kind("ExternalSecret", "external-secrets.io", "v1", "externalsecrets", _S, ("es",), crd=True),
    Kind("Certificate", "cert-manager.io", "v1", "certificates", _S, ("cert", "certs"), crd=True),
)

#: By kind name.
KINDS: dict[str, Kind] = {one.kind: one for one in _TABLE}
#: By where it is served: (group, version, resource).
SERVED: dict[tuple[str, str, str], Kind] = {(one.group, one.version, one.resource): one for one in _TABLE}
#: Groups in the order of the table, each with its one version.
GROUPS: dict[str, str] = {one.group: one.version for one in _TABLE}
#: Groups of custom resources: the server knows of them only what somebody defined.
CUSTOM: frozenset[str] = frozenset(one.group for one in _TABLE if one.crd)
