"""Live against Git: an object is Synced while everything that Git says of it is so; what Git does not say is not compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from portkey_migrate.lab.argocd import TRACKING
from portkey_migrate.lab.controllers import alive
from portkey_migrate.lab.kinds import KINDS
from portkey_migrate.lab.truth import assumed, measured

FACTS = (
    measured("0 of 0 is Healthy", "Argo CD once"),
    assumed("what Git does not say is not compared", "no defaults, no normalizers: lists are compared item by item", "either"),
)

Object = dict[str, Any]
#: The order in which one sync applies (gitops-engine, kind order), as far as the lab's apps go.
ORDER = (
    "Namespace", "ResourceQuota", "Secret", "ConfigMap", "PersistentVolumeClaim", "Service", "Deployment", "StatefulSet", "Ingress",
    "PodDisruptionBudget",
)  # fmt: skip


class Resource(NamedTuple):
    """One line of `status.resources`."""

    kind: str
    namespace: str
    name: str
    status: str  # Synced | OutOfSync
    health: str  # "" for a kind that has none
    prune: bool  # live, tracked, and no longer in Git
    wanted: Object | None

    def line(self) -> Object:
        """As status.resources has it; `hook` and the like are left out."""
        kind = KINDS[self.kind]
        out: Object = {"kind": self.kind, "name": self.name, "status": self.status, "version": kind.version}
        if kind.group:
            out["group"] = kind.group
        if self.namespace:
            out["namespace"] = self.namespace
        if self.health:
            out["health"] = {"status": self.health}
        if self.prune:
            out["requiresPruning"] = True
        return out

    @property
    def selector(self) -> Object:
        group = KINDS[self.kind].group
        return {**({"group": group} if group else {}), "kind": self.kind, "namespace": self.namespace, "name": self.name}


def tracking(app: str, kind: str, namespace: str, name: str) -> str:
    return f"{app}:{KINDS[kind].group}/{kind}:{namespace}/{name}"


def covers(live: Any, wanted: Any) -> bool:
    """Whether everything wanted is so; lists are compared item by item."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(covers(live.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(covers, live, wanted))
    return bool(live == wanted)


def laid_over(live: Any, wanted: Any) -> Any:
    """Live with what Git says laid over it: server-side apply by force, fields that Git does not name left alone."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return {**live, **{key: laid_over(live.get(key), value) for key, value in wanted.items()}}
    if isinstance(wanted, list) and isinstance(live, list) and len(live) == len(wanted):
        return [laid_over(a, b) for a, b in zip(live, wanted, strict=True)]
    return wanted


def tracked(app: str, manifest: Object, namespace: str) -> Object:
    """A manifest as it is applied: in its namespace, with the tracking annotation."""
    metadata = dict(manifest["metadata"])
    if KINDS[manifest["kind"]].namespaced:
        metadata.setdefault("namespace", namespace)
    annotations = {**metadata.get("annotations", {}), TRACKING: tracking(app, manifest["kind"], metadata.get("namespace", ""), metadata["name"])}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def compare(
    app: str, manifests: Iterable[Object], namespace: str, live: Callable[[str, str, str], Object | None], ours: Iterable[Object]
) -> list[Resource]:
    """Every resource of an app, in the order of a sync. `ours`: live objects that carry the app's tracking annotation."""
    out: list[Resource] = []
    named: set[tuple[str, str, str]] = set()
    for manifest in manifests:
        wanted = tracked(app, manifest, namespace)
        metadata = wanted["metadata"]
        at = (wanted["kind"], metadata.get("namespace", ""), metadata["name"])
        named.add(at)
        there = live(*at)
        same = there is not None and alive(there) and covers(there, wanted)
        out.append(Resource(*at, "Synced" if same else "OutOfSync", health(there, at[0]), prune=False, wanted=wanted))
    for one in ours:
        at = (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])
        mine = one["metadata"].get("annotations", {}).get(TRACKING) == tracking(app, *at)
        if mine and at not in named:
            out.append(Resource(*at, "OutOfSync", health(one, at[0]), prune=True, wanted=None))
    return sorted(out, key=lambda one: (_rank(one.kind), one.namespace, one.name))


def health(live: Object | None, kind: str) -> str:
    """Argo CD's own words; a Deployment at 0 of 0 is Healthy (real/ A1)."""
    if live is None:
        return "Missing"
    if kind in ("Deployment", "StatefulSet"):
        wanted, status = int(live["spec"].get("replicas", 1)), live.get("status", {})
        seen = status.get("observedGeneration", 0) >= live["metadata"].get("generation", 1)
        return "Healthy" if seen and int(status.get("readyReplicas", 0)) >= wanted else "Progressing"
    if kind == "Ingress":
        return "Healthy" if live.get("status", {}).get("loadBalancer", {}).get("ingress") else "Progressing"
    return "Healthy" if kind == "Service" else ""


def overall(resources: Iterable[Resource]) -> str:
    found = {one.health for one in resources}
    return next((word for word in ("Missing", "Degraded", "Progressing") if word in found), "Healthy")


def _rank(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)
