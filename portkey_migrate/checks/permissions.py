"""What we may do. Asked of the API servers, verb by verb: a role is only as good as its last edit."""

from __future__ import annotations

from collections.abc import Iterator

from portkey_migrate.checks import ANEW, check
from portkey_migrate.checks.app import found_of
from portkey_migrate.checks.namespace import PEOPLES
from portkey_migrate.model import Answer, block, ok
from portkey_migrate.systems.at import At
from portkey_migrate.systems.silence import LEASES

#: What the checks and proofs look at, beside what is changed. A look that is refused in the middle of a move parks it.
_OF_THE_CLUSTER = ("Node", "Deployment", "Ingress")
_OF_ARGOCD = ("Application", "ApplicationSet")
_OF_THE_SOURCE = ("Pod", "Service", "EndpointSlice", "Secret", "StatefulSet", "ResourceQuota")
_OF_STORAGE = ("PersistentVolume", "StorageClass", "VolumeAttachment", "Job")


def _looks(at: At) -> Iterator[tuple[str, str, str, str]]:
    namespace = found_of(at).namespace
    for side in ("source", "target"):
        yield from (("list", side, kind, "") for kind in _OF_THE_CLUSTER)
        yield from (("list", side, kind, "argocd") for kind in _OF_ARGOCD)
    yield from (("list", "source", kind, namespace) for kind in _OF_THE_SOURCE)
    if found_of(at).volumes:
        for side in ("source", "target"):
            yield from (("list", side, kind, "") for kind in _OF_STORAGE)
            yield from (("list", side, kind, namespace) for kind in ("PersistentVolumeClaim", "ReplicationSource"))
            yield "list", side, "Lease", LEASES
    yield from (("list", "target", kind, namespace) for kind in PEOPLES)


@check(
    guards=("prepared", *ANEW, "protected", "committed"),
    situation="permission-missing",
    sources="domain 3.1 no. 8, B59; real/ C (SSAR)",
)
def permissions_suffice(at: At) -> Answer:
    """Every call that the whole move and its way back will send, and every look that they need, is allowed on both sides."""
    asked, refused = 0, []
    sent = {(will.verb, will.ref.system, will.ref.kind, will.ref.namespace) for will in at.will}
    for verb, side, kind, namespace in sorted({*sent, *_looks(at)}):
        if side not in ("source", "target"):
            continue
        asked += 1
        if not at.ask(side, "can-i", verb=verb, kind=kind, namespace=namespace)["allowed"]:
            refused.append(f"{verb} {kind} in {namespace or 'the cluster'} at the {side}")
    if at.app is not None and at.app.silent_node == "blocklist" and at.found is not None and at.found.volumes:
        asked += 1
        said = at.ask("ceph", "may-unlist")
        if not said["allowed"]:
            # `profile rbd` may add an entry and not take it away (real/README.md §4.16): the way back would stand before its own fence.
            refused.append(f"osd blocklist rm in Ceph ({said['reason']}): silent-node: blocklist needs it on the way back")
    seen = {"value": asked - len(refused), "threshold": asked, "cluster": "both"}
    if refused:
        return block(f"not allowed: {'; '.join(refused)}", "give the role these verbs, then ask again", **seen)
    return ok(f"{asked} of {asked} kinds of call are allowed", **seen)
