"""What a plan may name and this version cannot do yet: it loads, shows as `not built`, and is refused by name when its turn comes (design §4.8).

A name leaves this list by being built: the registries win.
"""

from __future__ import annotations

# ruff: noqa: SIM905 (a list of ninety quoted names reads worse than the names)

NOT_BUILT_METHODS = frozenset({"handover", "shared", "database", "copy", "singleton"})

NOT_BUILT_TASKS = frozenset(
    """
    argocd-under-its-own-name bootstrap-etcd free-k3s-disks install-actions-runner-controller install-argocd install-cert-manager install-cilium
    install-crds install-csr-approver install-external-secrets install-ingress-nginx install-intel-gpu install-kured install-mariadb-operator
    install-metrics-server install-monitoring-system install-nfs-csi install-rook-external install-volsync k3s-etcd-snapshot-before-metal1
    k3s-etcd-snapshot-offsite k3s-reboots-held move-ingress-address prepare-zigbee-mapping retire-k3s-kubeconfig retire-vip-100 seed-global-secrets
    seed-tls-secrets settle-load-balancer-pool talos-etcd-snapshot-before-metal1 talos-etcd-snapshot-offsite vm-snapshots
    """.split()
)

NOT_BUILT_CHECKS = frozenset(
    """
    addresses-have-one-owner applicationsets-tolerate-a-hold claims-are-never-pruned images-are-by-digest k3s-etcd-has-1-of-1 k3s-etcd-has-2-of-2
    retain-is-rendered source-is-frozen storage-carries-a-write talos-etcd-has-3-of-3 talos-nodes-are-ready target-follows-an-allow-list
    target-repository-is-its-own
    """.split()
)
