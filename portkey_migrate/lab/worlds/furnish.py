"""A world's file made a world: clusters, objects, controllers, users; then it lives until everything stands."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from portkey_migrate.lab import traps
from portkey_migrate.lab.api.lifecycle import GarbageCollector, Namespaces, Protection
from portkey_migrate.lab.api.rights import Rule, User
from portkey_migrate.lab.argocd import NAMESPACE as ARGOCD
from portkey_migrate.lab.argocd.application import Applications
from portkey_migrate.lab.argocd.appset import ApplicationSets
from portkey_migrate.lab.argocd.git import Git
from portkey_migrate.lab.ceph import POOL, Ceph
from portkey_migrate.lab.controllers.attachments import Attachments
from portkey_migrate.lab.controllers.binder import Binder
from portkey_migrate.lab.controllers.deployment import Deployments
from portkey_migrate.lab.controllers.disruption import DisruptionBudgets
from portkey_migrate.lab.controllers.endpoints import EndpointSlices
from portkey_migrate.lab.controllers.external_secrets import ExternalSecrets
from portkey_migrate.lab.controllers.ingress import NAME, IngressController
from portkey_migrate.lab.controllers.ingress import NAMESPACE as INGRESS
from portkey_migrate.lab.controllers.kubelet import Kubelets
from portkey_migrate.lab.controllers.nodes import NAMESPACE as LEASES
from portkey_migrate.lab.controllers.nodes import Leases, NodeLifecycle
from portkey_migrate.lab.controllers.quota import Quotas
from portkey_migrate.lab.controllers.replicaset import ReplicaSets
from portkey_migrate.lab.controllers.statefulset import StatefulSets
from portkey_migrate.lab.controllers.volsync import VolSync
from portkey_migrate.lab.controllers.volumes import DRIVER
from portkey_migrate.lab.dns import Dns
from portkey_migrate.lab.frozen import Nodes
from portkey_migrate.lab.people import People
from portkey_migrate.lab.pve import CLUSTER, HOST, TOKEN, USER, Pve, Snapshot, Vm
from portkey_migrate.lab.rbd import ceph_command, rbd
from portkey_migrate.lab.restic import VolsyncData
from portkey_migrate.lab.store import By, merged
from portkey_migrate.lab.town import Pods, Town, posted
from portkey_migrate.lab.users import App, Onlooker, Users
from portkey_migrate.lab.world import START, World
from portkey_migrate.lab.worlds.chart import rendered

Facts = Mapping[str, Any]
Object = dict[str, Any]

#: The clusters run for this long before the first command, so that nothing is new when it comes.
BEFORE = 7 * 3600.0
#: Who made what a world begins with.
MAKER = By("cluster-history")
REPOSITORY = "https://git.lab/portkey/cluster.git"
CONTROLLERS = (
    Namespaces,
    GarbageCollector,
    Protection,
    Deployments,
    ReplicaSets,
    StatefulSets,
    DisruptionBudgets,
    Quotas,
    Binder,
    Attachments,
    Kubelets,
    EndpointSlices,
    NodeLifecycle,
    ExternalSecrets,
    VolSync,
    Applications,
    ApplicationSets,
    Onlooker,
)
#: The tool's role, as its documents ask for it.
ROLE = (
    Rule(
        ("get", "list", "watch", "create", "patch", "delete"),
        ("",),
        ("namespaces", "secrets", "configmaps", "services", "resourcequotas", "persistentvolumes", "persistentvolumeclaims"),
    ),
    Rule(("get", "list", "watch", "create"), ("",), ("pods", "nodes", "serviceaccounts", "pods/proxy", "pods/log", "pods/exec")),
    Rule(
        ("get", "list", "watch", "create", "patch", "delete"), ("apps",), ("deployments", "statefulsets", "deployments/scale", "statefulsets/scale")
    ),
    Rule(("get", "list", "watch"), ("apps",), ("replicasets", "daemonsets")),
    Rule(("get", "list", "watch", "create", "patch", "delete"), ("networking.k8s.io", "discovery.k8s.io"), ("ingresses", "endpointslices")),
    Rule(
        ("get", "list", "watch"),
        ("networking.k8s.io", "coordination.k8s.io", "policy", "storage.k8s.io", "snapshot.storage.k8s.io", "batch"),
        ("*",),
    ),
    Rule(("delete",), ("policy",), ("poddisruptionbudgets",)),
    Rule(("get", "list", "watch", "patch"), ("argoproj.io",), ("applications", "applicationsets", "appprojects")),
    Rule(("get", "list", "watch", "create", "patch", "delete"), ("volsync.backube", "external-secrets.io"), ("*",)),
    Rule(("create",), ("authorization.k8s.io",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews")),
)


def furnished(facts: Facts, seed: int) -> World:
    """Everything that the file says, running for some hours; then the clock stands at the first command and the ledger is empty."""
    world = World(seed, str(facts["name"]), start=START - BEFORE)
    world.canary = "canary-" + hashlib.sha256(f"{facts['name']}:{seed}".encode()).hexdigest()[:24]
    world.traps = set(traps.names())
    people = [
        App(name, app["host"], app["people"]["path"], float(app["people"]["period"]), bool(app["people"].get("writes")))
        for name, app in facts["apps"].items()
        if app.get("people")
    ]
    here = Town(world, dict(facts), Users(people, START), _git(facts), dict(facts["images"]), Dns(dict(facts["dns"])))
    said = facts.get("people", {})
    world.parts.update(town=here, pods=Pods(), people=People(said.get("approves", True), said.get("types", True), dict(said.get("tells", {}))))
    world.parts.update(ceph=Ceph(), volsync=VolsyncData(), nodes=Nodes(world))
    world.commands.update(rbd=rbd, ceph=ceph_command)
    for app in facts["apps"].values():
        if app.get("backup"):
            path = f"{restic_root(world)}{app['backup']['repository']}"
            world.parts["volsync"].lived(world, path, facts["storage"]["history-days"])
    _hypervisor(world, facts.get("proxmox") or {})
    leases = world.parts["leases"] = Leases(here.silent)
    world.store.passing["Lease"] = leases.renewed
    world.store.on_change.append(here.changed)
    for cluster, of in facts["clusters"].items():
        world.store.add_cluster(cluster)
        world.hosts[f"{cluster}.lab"] = cluster
        world.releases[cluster] = of["version"]
        world.tokens[cluster] = {token(world, cluster): User("system:serviceaccount:portkey-migrate:migrate", ("system:authenticated",), ROLE)}
        _ground(world, cluster, of, leases)
        _storage(world, cluster, of)
        _argocd_stands(world, cluster)
        if cluster == "source":
            for app, values in facts["apps"].items():
                _by_hand(world, cluster, app, values)
        for kind in CONTROLLERS:
            here.settle(kind(cluster))
        here.ingresses[cluster] = ingress = IngressController(cluster)
        here.settle(ingress)
        for trap in traps.registry().values():
            if trap.brings is not None and trap.bites(world):
                here.settle(trap.brings(cluster))
    for when, cluster in sorted((_follows_from(world, of), cluster) for cluster, of in facts["clusters"].items()):
        world.run_until(when)
        _follow(world, cluster, facts["clusters"][cluster]["argocd"])
    _try_dry(world, facts)
    world.run_until(START)
    world.started = START
    world.store.ledger.clear()
    here.users.begin(world)
    return world


def token(world: World, side: str) -> str:
    return f"{world.canary}-{side}-token"


def secret_value(world: World, what: str) -> str:
    """A Secret's value, base64: it holds the canary, so that a leak of any is found by one word."""
    return base64.b64encode(f"{world.canary}-{what}".encode()).decode()


def certificate(world: World, host: str) -> str:
    """A tls.crt, base64: PEM with a comment line before it, as RFC 7468 allows. The same name has the same certificate wherever it is copied."""
    der = hashlib.sha512(f"certificate {host}".encode()).digest() * 8
    body = base64.encodebytes(der).decode()
    return base64.b64encode(f"{world.canary}\n-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n".encode()).decode()


def _git(facts: Facts) -> Git:
    return Git(
        {
            revision: {f"apps/{app}": rendered(app, merged(facts["apps"][app], own)) for app, own in apps.items()}
            for revision, apps in facts["git"].items()
        }
    )


def _make(world: World, cluster: str, obj: Object) -> Object:
    return world.store.create(cluster, obj["kind"], posted(world, cluster, obj), MAKER)


def _ground(world: World, cluster: str, of: Facts, leases: Leases) -> None:
    """What stands before any app: namespaces, nodes with their Leases, the ingress's address, external-dns."""
    for name in ("default", "kube-system", LEASES, ARGOCD, INGRESS):
        _make(world, cluster, {"kind": "Namespace", "metadata": {"name": name}})
    for name, node in of["nodes"].items():
        info = {"kubeletVersion": of["version"], "osImage": of["system"], "architecture": "amd64"}
        room = {"cpu": node["cpu"], "memory": node["memory"], "pods": "110"}
        status = {
            "addresses": [{"type": "InternalIP", "address": node["ip"]}, {"type": "Hostname", "address": name}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "nodeInfo": info,
            "images": _pulled(world),
            "capacity": room,
            "allocatable": room,
        }
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        _make(world, cluster, {"kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}, "status": status})
        spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": ""}
        lease = _make(world, cluster, {"kind": "Lease", "metadata": {"name": name, "namespace": LEASES}, "spec": spec})
        leases.nodes[lease["metadata"]["uid"]] = (cluster, name)
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "https", "port": 443, "protocol": "TCP"}]
    service = {"kind": "Service", "metadata": {"name": NAME, "namespace": INGRESS}, "spec": {"type": "LoadBalancer", "ports": ports}}
    _make(world, cluster, {**service, "status": {"loadBalancer": {"ingress": [{"ip": of["ingress"], "ipMode": "VIP"}]}}})
    if of.get("external-dns"):
        external_dns(world, cluster, of["external-dns"]["owner"])


def _pulled(world: World) -> list[Object]:
    """What a node says of the images that it holds: every one of the world's file was pulled beforehand."""
    out = []
    for tag, digest in sorted(world.parts["town"].images.items()):
        repository = tag.rpartition(":")[0]
        size = 40_000_000 + int(hashlib.sha256(tag.encode()).hexdigest()[:7], 16)
        out.append({"names": [f"{repository}@{digest}", tag], "sizeBytes": size})
    return out


def restic_root(world: World) -> str:
    """Where the repositories lie, as the store of External Secrets says it: it holds the canary, as every Secret's value does."""
    return f"{world.canary}-restic-root"


def _hypervisor(world: World, vms: Mapping[int, Facts]) -> None:
    """The VMs of the nodes. Old snapshots of a person's own stand there: they are not ours, and far too old."""
    if not vms:
        return
    there = [Vm(int(vmid), one["name"], one["host"]) for vmid, one in vms.items()]
    for vm in there:
        for name, days in vms[vm.vmid].get("snapshots", {}).items():
            vm.snapshots.append(Snapshot(name, "", int(world.now - 86400 * days), vm.parent, vmstate=False))
            vm.parent = name
    world.parts["pve"] = made = Pve(world, there)
    made.secret = f"{USER}!{TOKEN}={world.canary}-pve"
    world.hosts[HOST] = CLUSTER


def _storage(world: World, cluster: str, of: Facts) -> None:
    """The class, and the driver's two Secrets in rook-ceph: both clusters use one Ceph, one pool, one clusterID (domain §0.5)."""
    if not of.get("storage-class"):
        return
    _make(world, cluster, {"kind": "Namespace", "metadata": {"name": "rook-ceph"}})
    for name in ("rook-csi-rbd-node", "rook-csi-rbd-provisioner"):
        data = {"userID": secret_value(world, name.removeprefix("rook-")), "userKey": secret_value(world, name)}
        _make(world, cluster, {"kind": "Secret", "metadata": {"name": name, "namespace": "rook-ceph"}, "type": "kubernetes.io/rook", "data": data})
    mons = {"data": "a=192.168.0.2:6789,b=192.168.0.202:6789,c=192.168.0.5:6789", "maxMonId": "2"}
    _make(world, cluster, {"kind": "ConfigMap", "metadata": {"name": "rook-ceph-mon-endpoints", "namespace": "rook-ceph"}, "data": mons})
    who = (("node-stage", "node"), ("provisioner", "provisioner"))
    secrets = {f"csi.storage.k8s.io/{what}-secret-name": f"rook-csi-rbd-{name}" for what, name in who}
    image = {"imageFormat": "2", "imageFeatures": "layering", "csi.storage.k8s.io/fstype": "ext4"}
    parameters = {"clusterID": "rook-ceph", "pool": POOL, **image, **secrets}
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    made = {"kind": "StorageClass", "metadata": {"name": of["storage-class"], "annotations": annotations}, "provisioner": DRIVER}
    _make(world, cluster, {**made, "parameters": parameters, "reclaimPolicy": "Delete", "allowVolumeExpansion": True})


def external_dns(world: World, cluster: str, owner: str) -> None:
    """The Deployment of external-dns, with the flags that the cluster's own has."""
    name = "external-dns"
    _make(world, cluster, {"kind": "Namespace", "metadata": {"name": name}})
    image = "registry.k8s.io/external-dns/external-dns:v0.20.0"
    town_images = world.parts["town"].images
    town_images.setdefault(image, "sha256:" + hashlib.sha256(image.encode()).hexdigest())
    args = ["--source=ingress", "--provider=cloudflare", "--registry=txt", f"--txt-owner-id={owner}", "--policy=upsert-only", "--interval=5m"]
    args.append("--annotation-filter=external-dns.alpha.kubernetes.io/exclude notin (true)")
    labels = {"app.kubernetes.io/name": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": name, "image": image, "args": args}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    _make(world, cluster, {"kind": "Deployment", "metadata": {"name": name, "namespace": name, "labels": labels}, "spec": spec})


def _by_hand(world: World, cluster: str, app: str, values: Facts) -> None:
    """What an app has that is not in Git: its namespace, the Secret that external-secrets fetched, the certificate that cert-manager got."""
    _make(world, cluster, {"kind": "Namespace", "metadata": {"name": app, "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}})
    if values.get("secret"):
        data = {key: secret_value(world, f"{app}-{key}") for key in values["secret"]}
        _make(world, cluster, {"kind": "Secret", "metadata": {"name": f"{app}-secret", "namespace": app}, "type": "Opaque", "data": data})
    data = {"tls.crt": certificate(world, values["host"]), "tls.key": secret_value(world, f"{app}-key")}
    _make(world, cluster, {"kind": "Secret", "metadata": {"name": f"{app}-tls", "namespace": app}, "type": "kubernetes.io/tls", "data": data})


# ---- Argo CD ----


def _argocd_stands(world: World, cluster: str) -> None:
    project = {"destinations": [{"namespace": "*", "server": "*"}], "sourceRepos": ["*"], "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}
    _make(world, cluster, {"kind": "AppProject", "metadata": {"name": "default", "namespace": ARGOCD}, "spec": project})
    data = {"server.secretkey": secret_value(world, f"{cluster}-argocd")}
    _make(world, cluster, {"kind": "Secret", "metadata": {"name": "argocd-secret", "namespace": ARGOCD}, "data": data})


def _follows_from(world: World, of: Facts) -> float:
    """When a cluster's Argo CD begins to follow its revision: long ago, or at a seeded time before the first command."""
    since = of["argocd"].get("since")
    return START - BEFORE + 60 if not since else START - 3600.0 * world.rng("argocd-since").uniform(*since["hours"])


def _follow(world: World, cluster: str, of: Facts) -> None:
    policy: Object = {"syncOptions": ["ServerSideApply=true", "CreateNamespace=true"]}
    if of.get("automated"):
        policy["automated"] = dict(of["automated"])
    template = {
        "metadata": {"name": "{{.name}}"},
        "spec": {
            "project": "default",
            "source": {"repoURL": REPOSITORY, "targetRevision": of["revision"], "path": "{{.path}}"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{{.name}}"},
            "syncPolicy": policy,
        },
    }
    if of["apps"] == "all":
        generator: Object = {"git": {"repoURL": REPOSITORY, "revision": of["revision"], "directories": [{"path": "apps/*"}]}}
    else:
        generator = {"list": {"elements": [{"name": app, "path": f"apps/{app}"} for app in of["apps"]]}}
    spec: Object = {"goTemplate": True, "generators": [generator], "template": template}
    if of.get("tolerates"):
        spec["ignoreApplicationDifferences"] = [{"jsonPointers": list(of["tolerates"])}]
    if of.get("preserve"):
        spec["syncPolicy"] = {"preserveResourcesOnDeletion": True}
    _make(world, cluster, {"kind": "ApplicationSet", "metadata": {"name": "apps", "namespace": ARGOCD}, "spec": spec})


def _try_dry(world: World, facts: Facts) -> None:
    """Somebody tried a dry run of each app; its operationState is still there."""
    for cluster, of in facts["clusters"].items():
        if not of["argocd"].get("tried"):
            continue
        world.run_until(world.now + 60)
        for app in world.store.list(cluster, "Application", ARGOCD):
            operation = {"initiatedBy": {"username": "admin"}, "sync": {"dryRun": True, "syncStrategy": {"apply": {}}}}
            world.store.patch(cluster, "Application", ARGOCD, app["metadata"]["name"], {"operation": operation}, MAKER)
