"""The app itself, on the source: whether it is as the plan and its method take it to be, and whether it serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portkey_migrate.checks import ANEW, check
from portkey_migrate.errors import Blocked
from portkey_migrate.model import Answer, Found, Ref, block, dig, not_yet, ok, unknown
from portkey_migrate.systems.at import At, ready
from portkey_migrate.systems.found import find

_KEEPS = ("persistentVolumeClaim", "ephemeral", "hostPath", "nfs", "csi", "rbd", "cephfs", "iscsi")


def found_of(at: At) -> Found:
    if at.found is None:
        raise Blocked("nothing is known yet of what the app is made of", check="app-is-as-planned")
    return at.found


def pods_of(at: At, side: str) -> list[Mapping[str, Any]]:
    """Every Pod of every member, Terminating ones too."""
    found = found_of(at)
    return [pod for member in found.members for pod in at.pods(Ref(side, member.kind, found.namespace, member.name))]


@check(guards=("prepared",), situation="ingress-shared", asked_of=("source",), sources="domain §2.0 (traffic), 3.6 no. 106")
def app_is_as_planned(at: At) -> Answer:
    """The source has what the plan names: each member once, one Ingress with one host, one Service that leads to them."""
    if at.app is None:
        return unknown("the plan does not name this app")
    try:
        found = find(at.app, at)
    except Blocked as error:
        return block(error.what, error.why, cluster="source")
    members = ", ".join(f"{m.kind} {m.name}" for m in found.members)
    seen = {"value": members, "threshold": ", ".join(at.app.members), "cluster": "source"}
    return ok(f"{members} in {found.namespace}, {found.host} by Ingress {found.ingress}", **seen)


@check(guards=("prepared",), methods=("stateless",), situation="stateless-with-volume", asked_of=("source",), sources="domain 3.1 no. 6, §0.9")
def app_keeps_no_data(at: At) -> Answer:
    """No member has a volume that outlives its Pod: by this method it would start empty on the other side."""
    found, kept = found_of(at), []
    for member in found.members:
        one = at.get(Ref("source", member.kind, found.namespace, member.name)).object or {}
        volumes = dig(one, "spec.template.spec.volumes") or []
        kept += [f"{member.name}: {volume['name']} ({kind})" for volume in volumes for kind in _KEEPS if volume.get(kind)]
        kept += [f"{member.name}: {dig(claim, 'metadata.name')} (claim of its own)" for claim in dig(one, "spec.volumeClaimTemplates") or []]
    seen = {"value": len(kept), "threshold": 0, "cluster": "source"}
    if kept:
        return block(f"volumes: {'; '.join(kept)}", "give the app a method that carries its data (phases/apps.yaml: method)", **seen)
    return ok("no volume", **seen)


@check(guards=("prepared", *ANEW), situation="source-not-serving", asked_of=("source",), sources="domain 3.2 no. 16")
def source_is_serving(at: At) -> Answer:
    """Every member runs on the source as often as it wants to, and wants to at least once."""
    found, lame, pods, wanted = found_of(at), [], 0, 0
    for member in found.members:
        ref = Ref("source", member.kind, found.namespace, member.name)
        want = int(dig(at.get(ref).object or {}, "spec.replicas") or 0)
        stand = sum(ready(pod) for pod in at.pods(ref))
        pods, wanted = pods + stand, wanted + want
        if not want or stand < want:
            lame.append(f"{member.name} has {stand} of {want} Pods ready")
    seen = {"value": pods, "threshold": max(wanted, 1), "cluster": "source"}
    if lame:
        return block("; ".join(lame), f"kubectl get pods -n {found.namespace}", **seen)
    return ok(f"{pods} of {wanted} Pods ready", **seen)


@check(situation="source-pod-broken", when="moving", asked_of=("source",), sources="design §3 (back); real/ C")
def source_answers(at: At) -> Answer:
    """A Pod of the source answers 2xx, asked through the API server, and its Service leads to it already: the route may come back.

    A route given back while the slice still lags behind its ready Pod is loaded without an endpoint, and people get 503 until the
    ingress's next sync, 3.3 s later (real/README.md §4.18; rehearsals with seeds 5 and 11 showed it).
    """
    found = found_of(at)
    pods = pods_of(at, "source")
    up = [pod for pod in pods if ready(pod)]
    watch = Ref("source", "Pod", found.namespace, "")
    if not up:
        return not_yet(f"none of {len(pods)} Pods of the source is ready", watch=watch, waits_for="Pods to be ready", cluster="source")
    service = at.get(Ref("source", "Service", found.namespace, found.service)).object or {}
    selector = (dig(service, "spec.selector") or {}).items()
    behind = [pod for pod in up if selector <= (pod["metadata"].get("labels") or {}).items()]
    if not behind:
        return not_yet(f"no ready Pod stands behind Service {found.service}", watch=watch, waits_for="Pods to be ready", cluster="source")
    if not _leads_somewhere(at, found):
        slices = Ref("source", "EndpointSlice", found.namespace, "")
        return not_yet(
            f"Service {found.service} has no ready endpoint yet", watch=slices, waits_for="endpoints to follow their Pods", cluster="source"
        )
    pod = behind[0]
    said = at.ask("source", "proxy", namespace=found.namespace, pod=pod["metadata"]["name"], port=_port(service, pod, found.port), path=found.path)
    seen = {"value": said["status"], "threshold": "2xx", "path": found.path, "cluster": "source"}
    if 200 <= said["status"] < 300:  # noqa: PLR2004 (HTTP's own numbers)
        return ok(f"{pod['metadata']['name']} answers {said['status']} to {found.path}", **seen)
    return not_yet(f"{pod['metadata']['name']} answers {said['status'] or 'nothing'} to {found.path}", **seen)


def _leads_somewhere(at: At, found: Found) -> bool:
    """Whether the Service of the app has a ready endpoint, as the ingress will read it."""
    slices = at.list("source", "EndpointSlice", found.namespace)
    mine = [one for one in slices if (one["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == found.service]
    return any((end.get("conditions") or {}).get("ready", True) for one in mine for end in one.get("endpoints") or ())


def _port(service: Mapping[str, Any], pod: Mapping[str, Any], number: int) -> int:
    """The container's port behind a Service's: a number, or the name of one."""
    target = next((one.get("targetPort", number) for one in dig(service, "spec.ports") or [] if one["port"] == number), number)
    named = [port for container in pod["spec"].get("containers", []) for port in container.get("ports") or [] if port.get("name") == target]
    return int(named[0]["containerPort"]) if named else int(target)
