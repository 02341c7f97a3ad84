"""PUT and PATCH on what stands there: which object was meant, and what of it this path may touch."""

from __future__ import annotations

import json

from portkey_migrate.lab.api.message import Cause, Refused, about, conflict, other_uid, wrong
from portkey_migrate.lab.kinds import Kind
from portkey_migrate.lab.store import Object
from portkey_migrate.lab.truth import held

FACTS = (
    held("another uid is another object", "tests/contract/test_objects.py::test_a_put_under_another_uid_conflicts"),
    held("spec and status have a door each", "tests/contract/test_workloads.py::test_status_and_spec_have_their_own_doors"),
)

#: Kinds whose PUT has to name the version that it replaces, as every custom resource's has to.
_NEVER_BLIND = frozenset({"Lease", "PodDisruptionBudget"})


def refuse_stale(kind: Kind, old: Object, given: Object, *, put: bool, blind: bool) -> None:
    """Raises for another object or another version than was meant. `blind`: a PUT that may leave the version out whatever its kind."""
    stands, name = old["metadata"], old["metadata"]["name"]
    if put and given.get("uid") and given["uid"] != stands["uid"]:
        raise other_uid(kind, name, given["uid"], stands["uid"])
    if given.get("resourceVersion") and given["resourceVersion"] != stands["resourceVersion"]:
        raise conflict(kind, name)
    if put and not given.get("resourceVersion") and not blind and (kind.crd or kind.kind in _NEVER_BLIND):
        why = "Invalid value: 0: must be specified for an update"
        causes = [{"reason": "FieldValueInvalid", "message": why, "field": "metadata.resourceVersion"}]
        raise Refused(
            422, "Invalid", f'{kind.qualified} "{name}" is invalid: metadata.resourceVersion: {why}', {**about(kind, name), "causes": causes}
        )


def other_life(old: Object, given: Object) -> list[Cause]:
    """In a PATCH a uid is a field like any other, and one that cannot change: a fault of the object and no conflict (measured)."""
    uid = given.get("uid")
    return [wrong("metadata.uid", uid, "field is immutable")] if uid and uid != old["metadata"]["uid"] else []


def touched(kind: Kind, old: Object, new: Object, subresource: str) -> Object:
    """The new object with what belongs to another path as it stood. Raises for finalizers that come too late."""
    stands = old["metadata"]
    metadata = {**(new.get("metadata") or {}), **{key: stands[key] for key in ("name", "namespace") if key in stands}}
    late = set(metadata.get("finalizers") or ()) - set(stands.get("finalizers") or ())
    if "deletionTimestamp" in stands and late:
        why = f"Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers {json.dumps(sorted(late))}"
        raise Refused(
            422, "Invalid", f'{kind.kind} "{stands["name"]}" is invalid: metadata.finalizers: {why}', {"name": stands["name"], "kind": kind.kind}
        )
    new = {**new, "metadata": metadata}
    if subresource == "status":
        kept = {key: old[key] for key in old if key != "status"}
        return {**kept, **({"status": new["status"]} if "status" in new else {})}
    if subresource == "finalize":
        return {**old, "spec": new.get("spec") or {}}
    if "status" in kind.subresources:
        new = {key: value for key, value in new.items() if key != "status"}
        if "status" in old:
            new["status"] = old["status"]
    if kind.kind == "Namespace":  # its finalizers go by /finalize alone, and its name's label comes back
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": stands["name"]}
        new["spec"] = {**(new.get("spec") or {}), "finalizers": (old.get("spec") or {}).get("finalizers", [])}
    return new
