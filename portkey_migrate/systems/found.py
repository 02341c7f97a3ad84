"""What an app is made of, read from the live source. The plan says a name and what a person decides; everything else is looked at.

Asked once, while the app is still `planned`; what was found is recorded with the transition. What cannot be carried whole is refused
here, with its reason, before anything is begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from portkey_migrate.errors import Blocked, NotServed
from portkey_migrate.model import App, Found, Member, Ref, Volume, block, dig
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import PROBE

CHECK = "app-is-as-planned"  # what a refusal here is named; checks/app.py asks it as a guard
ARGOCD = "argocd"
RBD = "rbd.csi.ceph.com"  # Rook puts its own namespace before it
INGRESS = Ref("source", "Service", "ingress-nginx", "ingress-nginx-controller")  # its LoadBalancer address is where people come


def find(app: App, at: At) -> Found:
    """Names and numbers from the source, both ingress addresses. Raises `Blocked` where the app is not as a method can carry it."""
    namespace = _namespace(app, at)
    workloads = [_workload(name, namespace, app, at) for name in app.members]
    templates = [one["spec"]["template"] for _, one in workloads]
    ingress = _ingress(app, namespace, at)
    host = str(ingress["spec"]["rules"][0]["host"])
    service, port = _backend(app, ingress, at, templates)
    tls = next((str(one["secretName"]) for one in ingress["spec"].get("tls") or [] if host in one.get("hosts", []) and one.get("secretName")), "")
    secrets = sorted(_needed(templates, namespace, at) - {tls})
    return Found(
        namespace=namespace,
        application=app.name,
        members=tuple(Member(kind, one["metadata"]["name"], int(one["spec"].get("replicas", 1))) for kind, one in workloads),
        ingress=ingress["metadata"]["name"],
        host=host,
        path=app.http,
        service=service,
        port=port,
        tls_secret=tls,
        secrets=tuple(secrets),
        source_address=_address("source", at) or _refuse(app, f"the source's ingress ({INGRESS.namespace}/{INGRESS.name}) has no address"),
        target_address=_address("target", at),
        **_kept(app, namespace, workloads, at),
    )


def _namespace(app: App, at: At) -> str:
    """Where its Application deploys it. A source without Argo CD is refused by the guards, which say so of both sides, and can be planned for."""
    try:
        application = at.get(Ref("source", "Application", ARGOCD, app.name)).object
    except NotServed:
        application = None
    return str(dig(application or {}, "spec.destination.namespace") or app.name)


def _kept(app: App, namespace: str, workloads: Sequence[tuple[str, Mapping[str, Any]]], at: At) -> dict[str, Any]:
    """What keeps the app's data, for a method that carries it: claims with their images, and the backup of them."""
    if app.method == "stateless":
        return {}
    claims = list(dict.fromkeys(claim for kind, one in workloads for claim in _claims(kind, one)))
    sources = [one for one in at.list("source", "ReplicationSource", namespace) if dig(one, "spec.sourcePVC") in claims]
    sources = [one for one in sources if one["metadata"]["name"] in (app.name, *claims)] or sources  # a second one is `restic-has-one-writer`'s
    if len(sources) > 1:
        names = ", ".join(one["metadata"]["name"] for one in sources)
        _refuse(app, f"one ReplicationSource backs it up, or the safety backup would have to prove several; namespace {namespace} has {names}")
    return {
        "volumes": tuple(_volume(app, namespace, claim, at) for claim in claims),
        "backup": sources[0]["metadata"]["name"] if sources else "",
    }


def _claims(kind: str, workload: Mapping[str, Any]) -> Iterator[str]:
    """Names of the claims that its Pods mount; a StatefulSet's own are TEMPLATE-NAME-ORDINAL."""
    for volume in dig(workload, "spec.template.spec.volumes") or []:
        if claim := dig(volume, "persistentVolumeClaim.claimName"):
            yield str(claim)
    if kind == "StatefulSet":
        first = int(dig(workload, "spec.ordinals.start") or 0)
        for template in dig(workload, "spec.volumeClaimTemplates") or []:
            for n in range(int(workload["spec"].get("replicas", 1))):
                yield f"{template['metadata']['name']}-{workload['metadata']['name']}-{first + n}"


def _volume(app: App, namespace: str, claim: str, at: At) -> Volume:
    there = at.get(Ref("source", "PersistentVolumeClaim", namespace, claim)).object
    if there is None or dig(there, "status.phase") != "Bound":
        phase = "not there" if there is None else dig(there, "status.phase")
        _refuse(app, f"claim {namespace}/{claim} is {phase}, wanted Bound", check="claim-is-bound")
    name = str(dig(there, "spec.volumeName"))
    volume = at.get(Ref("source", "PersistentVolume", "", name)).object or {}
    csi = dig(volume, "spec.csi") or {}
    pool, image = dig(csi, "volumeAttributes.pool"), dig(csi, "volumeAttributes.imageName")
    if not str(csi.get("driver", "")).endswith(RBD) or not pool or not image:
        _refuse(app, f"claim {claim} is no RBD image ({csi.get('driver') or 'not by CSI'}); handover re-binds images alone", check="claim-is-bound")
    refs = [csi[key] for key in sorted(csi) if key.endswith("SecretRef")]
    return Volume(
        claim=claim,
        volume=name,
        pool=str(pool),
        image=str(image),
        size=str(dig(volume, "spec.capacity.storage") or ""),
        storage_class=str(dig(volume, "spec.storageClassName") or ""),
        csi_secrets=tuple(sorted({f"{one['namespace']}/{one['name']}" for one in refs})),
    )


def _refuse(app: App, what: str, fix: str = "", check: str = CHECK) -> NoReturn:
    raise Blocked(f"{app.name}: {what}", why=fix, check=check, answer=block(what, fix, cluster="source"))


def _workload(name: str, namespace: str, app: App, at: At) -> tuple[str, Mapping[str, Any]]:
    found = [(kind, one) for kind in ("Deployment", "StatefulSet") for one in at.list("source", kind, namespace) if one["metadata"]["name"] == name]
    if len(found) != 1:
        _refuse(app, f"{name} is {'both' if found else 'neither'} a Deployment {'and' if found else 'nor'} a StatefulSet of namespace {namespace}")
    return found[0]


def _ingress(app: App, namespace: str, at: At) -> Mapping[str, Any]:
    own = [one for one in at.list("source", "Ingress", namespace) if one["metadata"]["name"] != PROBE]
    if len(own) != 1:
        names = ", ".join(one["metadata"]["name"] for one in own) or "none"
        _refuse(app, f"one Ingress leads to it, or it cannot be routed by one patch; namespace {namespace} has {names}")
    rules = own[0]["spec"].get("rules") or []
    hosts = sorted({str(rule.get("host", "*")) for rule in rules})
    if len(hosts) != 1 or "*" in hosts[0] or len(rules) != 1:
        _refuse(app, f"Ingress {own[0]['metadata']['name']} serves {', '.join(hosts) or 'no host'}; exactly one host is built")
    for other in at.list("source", "Ingress"):
        same = any(rule.get("host") == hosts[0] for rule in other["spec"].get("rules") or [])
        if same and other["metadata"]["namespace"] != namespace:
            _refuse(app, f"host {hosts[0]} is also served by Ingress {other['metadata']['namespace']}/{other['metadata']['name']}")
    return own[0]


def _backend(app: App, ingress: Mapping[str, Any], at: At, templates: Sequence[Mapping[str, Any]]) -> tuple[str, int]:
    namespace, name = ingress["metadata"]["namespace"], ingress["metadata"]["name"]
    services = [dig(path, "backend.service") for path in dig(ingress["spec"]["rules"][0], "http.paths") or []]
    wanted = {(str(dig(one or {}, "name") or ""), str(dig(one or {}, "port.number") or dig(one or {}, "port.name") or "")) for one in services}
    if len(wanted) != 1 or not next(iter(wanted))[0]:
        _refuse(app, f"Ingress {name} leads to {len(wanted)} backends; exactly one Service is built")
    service, port = wanted.pop()
    there = next((one for one in at.list("source", "Service", namespace) if one["metadata"]["name"] == service), None)
    if there is None:
        _refuse(app, f"Ingress {name} leads to Service {service}, which is not there")
    selector = (there["spec"].get("selector") or {}).items()
    if not selector or not any(selector <= (dig(one, "metadata.labels") or {}).items() for one in templates):
        _refuse(app, f"Service {service} leads to Pods of none of its members ({', '.join(app.members)})")
    ports = there["spec"].get("ports") or []
    number = next((int(one["port"]) for one in ports if port in (str(one["port"]), one.get("name"))), None)
    if number is None:
        _refuse(app, f"Service {service} has no port {port}")
    return service, number


def _needed(templates: Sequence[Mapping[str, Any]], namespace: str, at: At) -> set[str]:
    """Secrets that the Pods read. One that may be absent counts where it is there; one that must be there counts always."""
    out = set()
    for template in templates:
        for name, optional in _secrets(template["spec"]):
            if not optional or at.get(Ref("source", "Secret", namespace, name)).object is not None:
                out.add(name)
    return out


def _secrets(pod: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for container in [*(pod.get("initContainers") or []), *(pod.get("containers") or [])]:
        asked = [dig(one, "secretRef") for one in container.get("envFrom") or []]
        asked += [dig(one, "valueFrom.secretKeyRef") for one in container.get("env") or []]
        yield from ((one["name"], bool(one.get("optional"))) for one in asked if one)
    for volume in pod.get("volumes") or []:
        if own := volume.get("secret"):
            yield own["secretName"], bool(own.get("optional"))
        for part in dig(volume, "projected.sources") or []:
            if own := part.get("secret"):
                yield own["name"], bool(own.get("optional"))
    yield from ((one["name"], True) for one in pod.get("imagePullSecrets") or [])


def _address(side: str, at: At) -> str:
    if side not in at.systems:
        return ""
    service = at.get(Ref(side, INGRESS.kind, INGRESS.namespace, INGRESS.name)).object
    return next((str(one["ip"]) for one in dig(service or {}, "status.loadBalancer.ingress") or [] if one.get("ip")), "")
