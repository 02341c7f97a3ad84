"""The app's namespace on the target, and the Secrets in it. Secrets are compared by HMAC: no value is ever looked at here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portkey_migrate.checks import ANEW, check
from portkey_migrate.checks.app import found_of
from portkey_migrate.model import Answer, Ref, block, dig, not_yet, ok
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import MADE_BY_FIELD

#: What people put into a namespace. Events and Endpoints follow from other things.
PEOPLES = (
    "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Service", "EndpointSlice", "Ingress",
    "ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim", "ResourceQuota",
)  # fmt: skip
#: What Kubernetes puts into every namespace by itself.
_OWN = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})
_RUNS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "PersistentVolumeClaim")


def _held(at: At, namespace: str, kinds: tuple[str, ...]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(kind, one) for kind in kinds for one in at.list("target", kind, namespace) if (kind, one["metadata"]["name"]) not in _OWN]


@check(guards=("prepared",), situation="namespace-taken", asked_of=("target",), sources="domain §2.1 a2; design §4.3")
def namespace_is_the_apps_own(at: At) -> Answer:
    """The app's namespace on the target is not there yet, or nothing runs in it."""
    namespace = found_of(at).namespace
    there = at.get(Ref("target", "Namespace", "", namespace))
    if there.object is None:
        return ok(f"namespace {namespace} is not on the target yet", value="absent", threshold="absent or empty", cluster="target")
    if there.going:
        # A move that went back to `planned` a moment ago: Kubernetes takes 5 s over a plain one (measured, real/ C).
        watch = Ref("target", "Namespace", "", "")
        return not_yet(f"namespace {namespace} of the target is being deleted", watch=watch, waits_for="Kubernetes to clean up", cluster="target")
    runs = sorted(f"{kind} {one['metadata']['name']}" for kind, one in _held(at, namespace, _RUNS))
    seen = {"value": len(runs), "threshold": 0, "cluster": "target"}
    if runs:
        return block(
            f"namespace {namespace} of the target holds {', '.join(runs[:5])}", "remove what runs there, or give the app another namespace", **seen
        )
    whose = "ours" if dig(there.object, MADE_BY_FIELD) else "empty"
    return ok(f"namespace {namespace} of the target is {whose}", **seen)


@check(situation="namespace-not-empty", when="moving", asked_of=("target",), sources="design §3 (planned); real/ C (Namespace)")
def namespace_is_empty(at: At) -> Answer:
    """Nobody put anything into the app's namespace on the target: its DELETE takes nothing of theirs along."""
    namespace = found_of(at).namespace
    held = _held(at, namespace, PEOPLES)
    # What has an owner, or was deleted, is on its way out: its owner went a moment ago.
    going = [(kind, one) for kind, one in held if "deletionTimestamp" in one["metadata"] or one["metadata"].get("ownerReferences")]
    stays = sorted(f"{kind} {one['metadata']['name']}" for kind, one in held if (kind, one) not in going)
    seen = {"value": len(held), "threshold": 0, "cluster": "target"}
    if stays:
        return block(f"namespace {namespace} of the target holds {', '.join(stays[:5])}", f"kubectl get all -n {namespace}", **seen)
    if going:
        kind, one = going[0]
        return not_yet(
            f"{kind} {one['metadata']['name']} is going", watch=Ref("target", kind, namespace, ""), waits_for="Kubernetes to clean up", **seen
        )
    return ok(f"namespace {namespace} of the target is empty", **seen)


@check(
    guards=("prepared", *ANEW),
    situation="tls-secret-missing",
    asked_of=("source",),
    sources="domain 3.6 no. 103, B34; real/README.md §4.17",
)
def tls_secret_is_there(at: At) -> Answer:
    """The Ingress's TLS Secret is on the source, certificate and key: without it the way to the target sends no name."""
    found = found_of(at)
    if not found.tls_secret:
        return ok(f"Ingress {found.ingress} has no TLS", value="none", threshold="none", cluster="source")
    there = at.get(Ref("source", "Secret", found.namespace, found.tls_secret)).object
    keys = sorted((there or {}).get("data", {}))
    seen = {"value": ", ".join(keys), "threshold": "tls.crt, tls.key", "cluster": "source"}
    if there is None or not {"tls.crt", "tls.key"} <= set(keys):
        what = "is not there" if there is None else f"holds {', '.join(keys) or 'nothing'}"
        return block(f"Secret {found.namespace}/{found.tls_secret} {what}", f"kubectl get certificate -n {found.namespace}", **seen)
    return ok(f"Secret {found.tls_secret} has certificate and key", **seen)


@check(guards=("prepared",), situation="secret-missing", asked_of=("source",), sources="domain B31, B33")
def secrets_are_there(at: At) -> Answer:
    """Every Secret that the members read is on the source."""
    found = found_of(at)
    missing = [name for name in found.secrets if at.get(Ref("source", "Secret", found.namespace, name)).object is None]
    seen = {"value": len(found.secrets) - len(missing), "threshold": len(found.secrets), "cluster": "source"}
    if missing:
        return block(f"not in namespace {found.namespace}: {', '.join(missing)}", f"kubectl get externalsecret -n {found.namespace}", **seen)
    return ok(f"{len(found.secrets)} of {len(found.secrets)} Secrets are there", **seen)


@check(guards=("prepared", *ANEW), situation="secret-differs", sources="domain 3.6 no. 107, B31")
def secrets_are_equal(at: At) -> Answer:
    """What stands on the target of the app's Secrets has the source's values, key by key."""
    found, differs, same = found_of(at), [], 0
    for name in sorted({*found.secrets, found.tls_secret} - {""}):
        sides = [at.get(Ref(side, "Secret", found.namespace, name)).object for side in ("source", "target")]
        if None in sides:
            continue  # not there yet: it will be copied; on the source its absence has a check of its own
        source, target = ((one or {}).get("data", {}) for one in sides)
        odd = sorted(key for key in {*source, *target} if source.get(key) != target.get(key))
        same += not odd
        differs += [f"{name}: {', '.join(odd)}"] if odd else []
    seen = {"value": len(differs), "threshold": 0, "cluster": "both"}
    if differs:
        return block(
            f"other values on the target: {'; '.join(differs)}", "decide which is right and make both so; this tool overwrites neither", **seen
        )
    return ok(f"{same} Secrets stand on both sides, equal by HMAC", **seen)
