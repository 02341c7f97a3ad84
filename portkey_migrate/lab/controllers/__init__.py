"""What lives in a cluster and acts by itself, one file each, as the real ones do it.

A controller keeps a work queue: a change of one of its kinds puts keys into it, each with the time at which it will be looked at, and
`reconcile` looks at what is due. Nothing else wakes it, so a world in which nothing happens costs nothing (lab.md 16). Everything is
picklable, and every write goes through the store under the controller's own name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab.store import AlreadyThereError, By, NotThereError

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

Object = dict[str, Any]
Key = tuple[str, ...]


class Controller:
    """One controller of one cluster. A subclass says which keys a change concerns (`keys`) and what it does about one (`act`)."""

    name: str = ""
    kinds: Collection[str] = frozenset()

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster
        self.by = By(self.name)  # as the ledger names who wrote
        # In the world a controller is known with its cluster, and woken for nothing: `touch` says when it wants to look.
        self.looks_at, self.kinds = frozenset(self.kinds), ()
        self.name = f"{cluster}/{self.name}"
        self.due: dict[Key, float] = {}

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        """The keys that a change concerns, each with how many seconds later it is looked at."""
        raise NotImplementedError

    def act(self, world: World, now: float, key: Key) -> float | None:
        """Looks at one key and writes what is to be written. Returns when it has to be looked at again by itself."""
        raise NotImplementedError

    def want(self, key: Key, when: float) -> None:
        """A key is looked at no later than then."""
        self.due[key] = min(when, self.due.get(key, when))

    def touch(self, world: World, kind: str, namespace: str, name: str, old: Object | None, new: Object | None) -> float | None:
        """A change of one of its kinds. Returns when it wants to run next."""
        del namespace, name
        for key, later in self.keys(world, kind, old, new):
            self.want(key, world.now + later)
        return min(self.due.values(), default=None)

    def reconcile(self, world: World, now: float) -> float | None:
        """Looks at every key that is due, in order of time, then of name. Returns the next wake."""
        for _, key in sorted((when, key) for key, when in self.due.items() if when <= now):
            if self.due.get(key, now + 1) > now:
                continue  # an earlier key of this round has put it off
            del self.due[key]
            again = self.act(world, now, key)
            if again is not None:
                self.want(key, again)
        return min(self.due.values(), default=None)

    # ---- words that every controller uses ----

    def get(self, world: World, kind: str, namespace: str, name: str) -> Object | None:
        return world.store.get(self.cluster, kind, namespace, name)

    def list(self, world: World, kind: str, namespace: str = "") -> Iterable[Object]:
        return world.store.list(self.cluster, kind, namespace)

    def create(self, world: World, kind: str, obj: Object) -> Object | None:
        """None: something of that name stands already, or the namespace is going; a controller looks again and never fails."""
        namespace = obj["metadata"].get("namespace", "")
        if namespace and not alive(self.get(world, "Namespace", "", namespace)):
            return None
        try:
            return world.store.create(self.cluster, kind, obj, self.by)
        except AlreadyThereError:
            return None

    def patch(self, world: World, obj: Object, patch: Mapping[str, Any]) -> Object:
        metadata = obj["metadata"]
        return world.store.patch(self.cluster, obj["kind"], metadata.get("namespace", ""), metadata["name"], patch, self.by)

    def replace(self, world: World, obj: Object) -> Object:
        return world.store.replace(self.cluster, obj["kind"], obj, self.by)

    def delete(self, world: World, obj: Object, grace: int | None = None) -> None:
        metadata = obj["metadata"]
        try:
            world.store.delete(self.cluster, obj["kind"], metadata.get("namespace", ""), metadata["name"], self.by, uid=metadata["uid"], grace=grace)
        except NotThereError:
            return


def key_of(obj: Object) -> Key:
    return (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def either(old: Object | None, new: Object | None) -> Object:
    """The object of a change: as it stands, or as it stood."""
    out = new if new is not None else old
    assert out is not None  # noqa: S101 (a change has at least one side)
    return out


def alive(obj: Object | None) -> bool:
    """There, and not going away."""
    return obj is not None and "deletionTimestamp" not in obj["metadata"]


def owner(obj: Object, kind: str) -> str | None:
    """The name of its controlling owner of that kind."""
    for one in obj["metadata"].get("ownerReferences", ()):
        if one.get("controller") and one["kind"] == kind:
            return str(one["name"])
    return None


def owned_by(obj: Object) -> Object:
    """The ownerReference that names this object as controller."""
    metadata = obj["metadata"]
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def matches(labels: Mapping[str, str], wanted: Mapping[str, str] | None) -> bool:
    """Equality selectors; an absent selector matches nothing."""
    return bool(wanted) and all(labels.get(key) == value for key, value in (wanted or {}).items())


def ready(pod: Object) -> bool:
    """Its Ready condition is True (it may be going away all the same)."""
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod.get("status", {}).get("conditions", ()))


def conditions(obj: Object, *wanted: Object, drop: Iterable[str] = (), stamped: str) -> list[Object]:
    """The object's conditions with these in their places; a time moves only where a status turns. Sorted by type."""
    had = {one["type"]: one for one in obj.get("status", {}).get("conditions", ())}
    for one in wanted:
        was = had.get(one["type"])
        same = was is not None and was["status"] == one["status"]
        had[one["type"]] = {**one, "lastTransitionTime": was["lastTransitionTime"] if same and was and "lastTransitionTime" in was else stamped}
    for name in drop:
        had.pop(name, None)
    return [had[name] for name in sorted(had)]


def pieces(obj: Any, *path: str) -> Iterator[Any]:
    """The items of a list somewhere inside, or nothing."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, Mapping) else None
    yield from obj or ()
