"""What follows from a DELETE by itself: the content of a Namespace, what an owner leaves behind, claims and volumes that are still in use.

Three controllers of the real controller-manager, here because their rules are the API's own; the others live in `controllers/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, either, pieces
from portkey_migrate.lab.kinds import KINDS
from portkey_migrate.lab.store import FOREGROUND, ORPHAN
from portkey_migrate.lab.truth import held, measured

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    held(
        "a Namespace goes with all that is in it, and says what holds it",
        "tests/contract/test_rights_and_namespaces.py::test_a_namespace_goes_with_what_is_in_it",
    ),
    measured("when it is looked at again", "Kubernetes an empty one gone after 5.1 s, a held one 4.1 s after its finalizer"),
    held("children go before or after their owner, as asked", "tests/real/settled/children-go-before-their-owner.yaml"),
    held("orphans stay and name nobody", "tests/real/settled/orphans-stay-and-name-nobody.yaml"),
    held("a claim in use stays until its Pod is gone", "tests/real/settled/a-claim-in-use-stays.yaml"),
    held("a bound volume that is deleted stays", "tests/real/settled/a-bound-volume-stays.yaml"),
)

#: A Namespace is looked at again this much later: a simple one was gone after 5.1 s, a held one 4.1 s after its finalizer (real/ C).
_NAMESPACE_AGAIN = 5.0
_FIRST = 0.05


class Namespaces(Controller):
    """Empties a Terminating Namespace, then lets it go; says what still holds it."""

    name = "namespace-controller"
    kinds = frozenset({"Namespace"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        del world, kind
        if new is not None and "deletionTimestamp" in new["metadata"] and (old is None or "deletionTimestamp" not in old["metadata"]):
            yield (new["metadata"]["name"],), _FIRST

    def act(self, world: World, now: float, key: Key) -> float | None:
        home = self.get(world, "Namespace", "", key[0])
        if home is None or "deletionTimestamp" not in home["metadata"]:
            return None
        left = [obj for kind in KINDS.values() if kind.namespaced and kind.stored for obj in self.list(world, kind.kind, key[0])]
        for obj in left:
            if "deletionTimestamp" not in obj["metadata"]:
                self.delete(world, obj)
        first = not home.get("status", {}).get("conditions")
        if not first and not left:
            self.replace(world, {**home, "spec": {**home.get("spec", {}), "finalizers": []}})
            return None
        still = [obj for kind in KINDS.values() if kind.namespaced and kind.stored for obj in self.list(world, kind.kind, key[0])]
        conditions = [
            _condition("NamespaceDeletionDiscoveryFailure", held=False, why="All resources successfully discovered", reason="ResourcesDiscovered")
        ]
        conditions.append(
            _condition(
                "NamespaceContentRemaining",
                held=bool(still),
                why=_remaining(still) or "All content successfully removed",
                reason="SomeResourcesRemain" if still else "ContentRemoved",
            )
        )
        finalizers = _finalizers(still)
        conditions.append(
            _condition(
                "NamespaceFinalizersRemaining",
                held=bool(finalizers),
                why=finalizers or "All content-preserving finalizers finished",
                reason="SomeFinalizersRemain" if finalizers else "ContentHasNoFinalizers",
            )
        )
        self.patch(world, home, {"status": {"phase": "Terminating", "conditions": conditions}})
        return now + _NAMESPACE_AGAIN


def _condition(type_: str, *, held: bool, why: str, reason: str) -> Object:
    return {"type": type_, "status": "True" if held else "False", "reason": reason, "message": why}


def _remaining(left: list[Object]) -> str:
    counts: dict[str, int] = {}
    for obj in left:
        kind = KINDS[obj["kind"]]
        counts[f"{kind.resource}.{kind.group}"] = counts.get(f"{kind.resource}.{kind.group}", 0) + 1
    said = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(counts.items()))
    return f"Some resources are remaining: {said}" if said else ""


def _finalizers(left: list[Object]) -> str:
    counts: dict[str, int] = {}
    for obj in left:
        for name in obj["metadata"].get("finalizers", ()):
            counts[name] = counts.get(name, 0) + 1
    said = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(counts.items()))
    return f"Some content in the namespace has finalizers remaining: {said}" if said else ""


class GarbageCollector(Controller):
    """Deletes what is left without any of its owners; finishes a Foreground deletion when what blocks it has gone."""

    name = "generic-garbage-collector"
    kinds = frozenset(kind.kind for kind in KINDS.values() if kind.stored)

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        metadata = obj["metadata"]
        if new is None and metadata["uid"] in world.store.children[self.cluster]:
            yield ("owner", metadata["uid"]), self._later(world)
        for owner in metadata.get("ownerReferences", ()):
            if owner["kind"] not in KINDS:
                continue
            home = metadata.get("namespace", "") if KINDS[owner["kind"]].namespaced else ""
            stands = world.store.objects[self.cluster][owner["kind"]].get((home, owner["name"]))
            if old is None and (stands is None or stands["metadata"]["uid"] != owner["uid"]):
                yield ("owner", owner["uid"]), self._later(world)  # born without its owner
            if new is None and stands is not None and FOREGROUND in stands["metadata"].get("finalizers", ()):
                yield ("foreground", owner["kind"], home, owner["name"]), self._later(world)
        held = metadata.get("finalizers", ()) if new is not None and "deletionTimestamp" in metadata else ()
        for word, finalizer in (("foreground", FOREGROUND), ("orphan", ORPHAN)):
            if finalizer in held:
                yield (word, kind, metadata.get("namespace", ""), metadata["name"]), self._later(world)

    def _later(self, world: World) -> float:
        return world.rng(f"{self.cluster}/garbage").uniform(0.02, 0.1)

    def act(self, world: World, now: float, key: Key) -> float | None:
        del now
        if key[0] == "foreground":
            self._foreground(world, *key[1:])
            return None
        if key[0] == "orphan":
            self._orphan(world, *key[1:])
            return None
        for child in self._children(world, key[1]):
            owners = [one for one in child["metadata"].get("ownerReferences", ()) if one["uid"] != key[1]]
            if owners:
                self.replace(world, {**child, "metadata": {**child["metadata"], "ownerReferences": owners}})
            elif "deletionTimestamp" not in child["metadata"]:
                self.delete(world, child)
        return None

    def _orphan(self, world: World, kind: str, namespace: str, name: str) -> None:
        """Its children name it no longer; then it goes."""
        owner = self.get(world, kind, namespace, name)
        if owner is None or ORPHAN not in owner["metadata"].get("finalizers", ()):
            return
        world.store.let_go(self.cluster, owner["metadata"]["uid"], self.by)
        left = [one for one in owner["metadata"]["finalizers"] if one != ORPHAN]
        self.replace(world, {**owner, "metadata": {**owner["metadata"], "finalizers": left}})

    def _foreground(self, world: World, kind: str, namespace: str, name: str) -> None:
        owner = self.get(world, kind, namespace, name)
        if owner is None or FOREGROUND not in owner["metadata"].get("finalizers", ()):
            return
        for child in self._children(world, owner["metadata"]["uid"]):
            if "deletionTimestamp" not in child["metadata"]:
                self.delete(world, child)
        if not self._children(world, owner["metadata"]["uid"]):
            left = [one for one in owner["metadata"]["finalizers"] if one != FOREGROUND]
            self.replace(world, {**owner, "metadata": {**owner["metadata"], "finalizers": left}})

    def _children(self, world: World, uid: str) -> list[Object]:
        keys = sorted(world.store.children[self.cluster].get(uid, ()))
        return [world.store.objects[self.cluster][kind][namespace, name] for kind, namespace, name in keys]


class Protection(Controller):
    """Holds a deleted claim while a Pod uses it, and a deleted volume while it is bound (real/ C: gone within 0.05 s after that)."""

    name = "pvc-protection-controller"
    kinds = frozenset({"PersistentVolumeClaim", "PersistentVolume", "Pod"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        del world
        obj = either(old, new)
        metadata = obj["metadata"]
        if kind == "Pod":
            ended = new is None or new.get("status", {}).get("phase") in ("Succeeded", "Failed")
            for volume in pieces(obj, "spec", "volumes") if ended else ():
                if claim := volume.get("persistentVolumeClaim"):
                    yield ("PersistentVolumeClaim", metadata["namespace"], claim["claimName"]), 0.03
        elif new is not None and "deletionTimestamp" in metadata:
            yield (kind, metadata.get("namespace", ""), metadata["name"]), 0.03

    def act(self, world: World, now: float, key: Key) -> float | None:
        del now
        kind, namespace, name = key
        obj = self.get(world, kind, namespace, name)
        if obj is None or "deletionTimestamp" not in obj["metadata"]:
            return None
        if kind == "PersistentVolume":
            held, finalizer = obj.get("status", {}).get("phase") == "Bound", "kubernetes.io/pv-protection"
        else:
            held, finalizer = self._used(world, namespace, name), "kubernetes.io/pvc-protection"
        if not held:
            left = [one for one in obj["metadata"].get("finalizers", ()) if one != finalizer]
            self.replace(world, {**obj, "metadata": {**obj["metadata"], "finalizers": left}})
        return None

    def _used(self, world: World, namespace: str, name: str) -> bool:
        return any(
            volume.get("persistentVolumeClaim", {}).get("claimName") == name
            for pod in self.list(world, "Pod", namespace)
            if pod["spec"].get("nodeName")  # one that no node has uses nothing (measured)
            and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
            for volume in pieces(pod, "spec", "volumes")
        )  # fmt: skip
