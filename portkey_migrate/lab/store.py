"""What the clusters of a world hold: objects, their versions, their history, and the ledger of who wrote what.

The API (`api/`) and the controllers write through the same functions, so nothing in the world changes without a line in the ledger.
Objects are plain JSON dicts that nobody changes in place: a write puts a new dict where the old one stood, and whoever held the old
one still holds the past. That makes history, watches and a copy of the world cheap. Nothing here knows HTTP, a user or a right.
"""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from portkey_migrate.lab.kinds import KINDS
from portkey_migrate.lab.objects import AlreadyThereError, By, CompactedError, Event, NotThereError, Object, StaleError, merged, stamp

__all__ = [
    "AlreadyThereError", "By", "CompactedError", "Event", "NotThereError", "Object", "StaleError", "Store", "merged", "stamp",
]  # fmt: skip

#: cluster, kind, namespace, name, old (None: it was made), new (None: it is gone)
Listener = Callable[[str, str, str, str, Object | None, Object | None], None]
#: (object, now) → (object as of now, the next time at which it will differ, or None)
Passing = Callable[[Object, float], tuple[Object, float | None]]

#: Changes kept for watches, a cluster. The real cache kept more than 1,500 (real/ C, Watch); older than this is 410.
HISTORY = 4096
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
#: Grace of a Pod that names none.
GRACE = 30
#: Metadata that counts for the generation of a kind (measured).
_COUNT_TOO = {"Deployment": "annotations", "EndpointSlice": "labels"}


class Clock(Protocol):
    """The world, as far as the store sees it."""

    @property
    def now(self) -> float: ...


def _sealed(kind: str, obj: Object | None) -> Object | None:
    """An object for the ledger: a Secret's values stand there as hashes, so that no print of the ledger gives one away."""
    if kind != "Secret" or obj is None or not obj.get("data"):
        return obj
    return {**obj, "data": {key: "sha256:" + hashlib.sha256(str(value).encode()).hexdigest() for key, value in obj["data"].items()}}


class Store:
    """Objects by (cluster, kind, namespace, name). Picklable: listeners are bound methods, never closures."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.clock = clock
        self.rng = rng
        self.objects: dict[str, dict[str, dict[tuple[str, str], Object]]] = {}
        self.versions: dict[str, int] = {}
        self.history: dict[str, list[Event]] = {}
        self.floor: dict[str, int] = {}  # a watch may start from here or later
        self.children: dict[str, dict[str, dict[tuple[str, str, str], None]]] = {}  # cluster → owner's uid → (kind, namespace, name)
        self.ledger: list[dict[str, Any]] = []
        self.on_change: list[Listener] = []
        self.passing: dict[str, Passing] = {}  # kinds that change with time alone (Leases): written when somebody looks

    # ---- reading ----

    def add_cluster(self, cluster: str) -> None:
        self.objects[cluster] = {kind: {} for kind in KINDS}
        self.versions[cluster] = 100  # a cluster that has lived a little: nobody may take "1" for special
        self.history[cluster] = []
        self.floor[cluster] = 100
        self.children[cluster] = {}

    def version(self, cluster: str) -> str:
        """The newest resourceVersion of a cluster: what a list taken now carries."""
        return str(self.versions[cluster])

    def get(self, cluster: str, kind: str, namespace: str, name: str) -> Object | None:
        found = self.objects[cluster][kind].get((namespace, name))
        if found is not None and kind in self.passing:
            return self._brought_up(cluster, kind, found)
        return found

    def list(self, cluster: str, kind: str, namespace: str = "") -> list[Object]:
        """By namespace and name. Do not change what you get."""
        shelf = self.objects[cluster][kind]
        names = sorted(shelf) if not namespace else sorted(key for key in shelf if key[0] == namespace)
        if kind in self.passing:
            return [self._brought_up(cluster, kind, shelf[key]) for key in names]
        return [shelf[key] for key in names]

    def changes(self, cluster: str, since: int) -> Sequence[Event]:
        """Every change after a version, oldest first. Raises `CompactedError`."""
        if since < self.floor[cluster]:
            raise CompactedError(self.floor[cluster])
        log = self.history[cluster]
        if not log or log[-1].version <= since:
            return []
        return log[bisect_right(log, since, key=lambda event: event.version) :]

    def next_passing(self, cluster: str, kind: str, namespace: str = "") -> float | None:
        """When an object of a kind that changes with time alone will next differ: what an open watch of it has to be woken for."""
        if kind not in self.passing:
            return None
        moments = [self.passing[kind](obj, self.clock.now)[1] for obj in self.list(cluster, kind, namespace)]
        return min((moment for moment in moments if moment is not None), default=None)

    # ---- writing ----

    def create(self, cluster: str, kind: str, obj: Object, by: By, *, uid: str = "", dry: bool = False) -> Object:
        """Puts a new object there and returns it, with uid, time and version. `dry`: the same answer, without version, and nothing is kept.

        Raises `AlreadyThereError`.
        """
        given = obj.get("metadata", {})
        namespace, name = given.get("namespace", ""), given["name"]
        there = self.objects[cluster][kind].get((namespace, name))
        if there is not None:
            raise AlreadyThereError(there)
        metadata = {
            key: value
            for key, value in given.items()
            if key not in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
        }
        metadata["uid"] = uid or self._uid()
        metadata["creationTimestamp"] = stamp(self.clock.now)
        if KINDS[kind].counts:
            metadata["generation"] = 1
        new = {"apiVersion": KINDS[kind].api_version, "kind": kind, **obj, "metadata": metadata}
        if dry:
            return new
        return self._put(cluster, kind, None, new, by, "create", 201)

    def replace(self, cluster: str, kind: str, obj: Object, by: By, *, expect: str = "", dry: bool = False) -> Object:
        """Puts an object in the place of the one of its name. What the server owns (uid, times, generation) stays; equal content changes nothing.

        `expect`: the resourceVersion that must stand there, "" for any. An object under deletion goes when its last finalizer does.
        Raises `NotThereError`, `StaleError`.
        """
        given = obj["metadata"]
        namespace, name = given.get("namespace", ""), given["name"]
        old = self._wanted(cluster, kind, namespace, name, "", expect)
        return self._replaced(cluster, kind, old, obj, by, "update", dry=dry)

    def patch(
        self, cluster: str, kind: str, namespace: str, name: str, patch: Mapping[str, Any], by: By, *, expect: str = "", dry: bool = False
    ) -> Object:
        """A merge patch of the whole object, status too. Raises `NotThereError`, `StaleError`."""
        old = self._wanted(cluster, kind, namespace, name, "", expect)
        return self._replaced(cluster, kind, old, merged(old, dict(patch)), by, "patch", dry=dry)

    def delete(  # noqa: C901 - the server's questions in their order
        self,
        cluster: str,
        kind: str,
        namespace: str,
        name: str,
        by: By,
        *,
        uid: str = "",
        expect: str = "",
        grace: int | None = None,
        policy: str = "Background",
        dry: bool = False,
    ) -> Object:
        """Takes an object away, or marks it as going while finalizers, a Pod's grace or a Namespace's content hold it. Returns it as it then stands.

        `policy`: Background, Foreground, Orphan. Raises `NotThereError`, `StaleError`.
        """
        old = self._wanted(cluster, kind, namespace, name, uid, expect)
        metadata = old["metadata"]
        finalizers = list(metadata.get("finalizers", ()))
        wait = {"Foreground": FOREGROUND, "Orphan": ORPHAN}.get(policy)
        if wait is not None and wait not in finalizers:  # whether there are children or not: the collector looks, and takes it away
            finalizers.append(wait)
        if kind == "Pod" and grace is None and metadata.get("deletionTimestamp"):  # whoever asks again without a time changes none
            seconds = int(metadata.get("deletionGracePeriodSeconds", 0))
        else:
            seconds = self._grace(kind, old, grace)
        going = {
            **metadata,
            "deletionTimestamp": metadata.get("deletionTimestamp") or stamp(self.clock.now + seconds),
            "deletionGracePeriodSeconds": seconds,
        }
        if metadata.get("deletionTimestamp") and seconds >= metadata.get("deletionGracePeriodSeconds", 0):
            going["deletionGracePeriodSeconds"] = metadata.get("deletionGracePeriodSeconds", 0)
        elif metadata.get("deletionTimestamp"):
            going["deletionTimestamp"] = stamp(self.clock.now + seconds)
        if finalizers:
            going["finalizers"] = finalizers
        new = {**old, "metadata": going}
        if kind == "Namespace":
            new["status"] = {**old.get("status", {}), "phase": "Terminating"}
        if kind == "Namespace":
            del going["deletionGracePeriodSeconds"]  # its end is its content's, not a time's
        if KINDS[kind].counts and "deletionTimestamp" not in metadata:
            going["generation"] = metadata.get("generation", 1) + 1
        held = bool(finalizers) or seconds > 0 or (kind == "Namespace" and bool(old.get("spec", {}).get("finalizers")))
        marked = held or kind == "Pod"  # a Pod that goes at once is told of as marked all the same, anything else as it stood (measured)
        if dry:
            return new if marked else old
        if not held:
            return self._put(cluster, kind, old, None, by, "delete", 200, last=new if marked else None)
        if self._same(old, new):
            self.note(cluster, kind, namespace, name, by._replace(verb=by.verb or "delete"), 200)
            return old
        return self._put(cluster, kind, old, new, by, "delete", 200)

    def note(self, cluster: str, kind: str, namespace: str, name: str, by: By, status: int) -> None:
        """A line in the ledger for a mutating call that changed nothing: refused, or already so."""
        self._write_down(cluster, kind, namespace, name, by, by.verb, status, changed=False, old=None, new=None)

    def compact(self, cluster: str, to: int | None = None) -> None:
        """Forgets the changes up to a version (all that there are): a watch from before then is told 410."""
        to = self.versions[cluster] if to is None else to
        self.history[cluster] = [event for event in self.history[cluster] if event.version > to]
        self.floor[cluster] = max(self.floor[cluster], to)

    # ---- inside ----

    def _uid(self) -> str:
        bits = self.rng.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _wanted(self, cluster: str, kind: str, namespace: str, name: str, uid: str, expect: str) -> Object:
        old = self.get(cluster, kind, namespace, name)
        if old is None:
            raise NotThereError((kind, namespace, name))
        if uid and old["metadata"]["uid"] != uid:
            raise StaleError("uid", old)
        if expect and old["metadata"]["resourceVersion"] != expect:
            raise StaleError("resourceVersion", old)
        return old

    @staticmethod
    def _grace(kind: str, old: Object, asked: int | None) -> int:
        """Seconds between a Pod's mark and its end. A Pod that no node has, or that has ended, goes at once, as anything else does."""
        if kind != "Pod":
            return 0
        if not old.get("spec", {}).get("nodeName") or old.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return 0
        return int(old.get("spec", {}).get("terminationGracePeriodSeconds", GRACE)) if asked is None else asked

    def _replaced(self, cluster: str, kind: str, old: Object, obj: Object, by: By, verb: str, *, dry: bool) -> Object:  # noqa: C901 - the server's questions in their order
        was = old["metadata"]
        metadata = dict(obj["metadata"])
        for owned in (
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "resourceVersion",
            "name",
            "namespace",
        ):
            if owned in was:
                metadata[owned] = was[owned]
            else:
                metadata.pop(owned, None)
        for empty in ("finalizers", "ownerReferences", "labels", "annotations"):
            if empty in metadata and not metadata[empty]:
                del metadata[empty]
        new = {**obj, "apiVersion": old["apiVersion"], "kind": kind, "metadata": metadata}
        if self._same(old, new):
            if not dry:
                self.note(cluster, kind, was.get("namespace", ""), was["name"], by._replace(verb=by.verb or verb), 200)
            return old
        table = KINDS[kind]
        if table.counts:
            aside = {"metadata", "status"} if not table.crd or "status" in table.subresources else {"metadata"}
            also = _COUNT_TOO.get(kind, "")
            told = was.get(also) != metadata.get(also)
            was_so, is_so = ({key: value for key, value in one.items() if key not in aside} for one in (old, new))
            if told or was_so != is_so:
                metadata["generation"] = was.get("generation", 1) + 1
        if dry:
            return new
        if self._ended(kind, new):
            gone = self._put(cluster, kind, old, None, by, verb, 200, last=new)
            return {**gone, "metadata": {**gone["metadata"], "resourceVersion": was["resourceVersion"]}}  # its answer names the last that stood
        return self._put(cluster, kind, old, new, by, verb, 200)

    @staticmethod
    def _ended(kind: str, new: Object) -> bool:
        """Marked as going, and nothing holds it any more. A Pod's grace ends by a DELETE with grace 0 (its node's word), never by itself."""
        metadata = new["metadata"]
        if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
            return False
        if kind == "Namespace":
            return not new.get("spec", {}).get("finalizers")
        return not metadata.get("deletionGracePeriodSeconds")

    @staticmethod
    def _same(old: Object, new: Object) -> bool:
        return old == new

    def _put(
        self, cluster: str, kind: str, old: Object | None, new: Object | None, by: By, verb: str, status: int, last: Object | None = None
    ) -> Object:
        """The only place where anything changes."""
        self.versions[cluster] = version = self.versions[cluster] + 1
        shape: Object = new if new is not None else (last or old or {})
        stands = {**shape, "metadata": {**shape["metadata"], "resourceVersion": str(version)}}
        namespace, name = stands["metadata"].get("namespace", ""), stands["metadata"]["name"]
        shelf = self.objects[cluster][kind]
        if new is None:
            del shelf[namespace, name]
        else:
            shelf[namespace, name] = stands
        self._relate(cluster, (kind, namespace, name), old, None if new is None else stands)
        self._remember(
            cluster, Event(version, "DELETED" if new is None else "MODIFIED" if old is not None else "ADDED", kind, namespace, name, stands, old)
        )
        self._write_down(cluster, kind, namespace, name, by, verb, status, changed=True, old=old, new=None if new is None else stands)
        for listener in self.on_change:
            listener(cluster, kind, namespace, name, old, None if new is None else stands)
        return stands

    def _write_down(
        self,
        cluster: str,
        kind: str,
        namespace: str,
        name: str,
        by: By,
        verb: str,
        status: int,
        *,
        changed: bool,
        old: Object | None,
        new: Object | None,
    ) -> None:
        line: dict[str, Any] = {
            "seq": len(self.ledger),
            "t": self.clock.now,
            "cluster": cluster,
            "actor": by.actor,
            "session": by.session,
            "token": by.token,
            "verb": by.verb or verb,
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "changed": changed,
            "status": status,
        }
        if changed and by.session:
            line["before"], line["after"] = _sealed(kind, old), _sealed(kind, new)
        self.ledger.append(line)

    def _relate(self, cluster: str, key: tuple[str, str, str], old: Object | None, new: Object | None) -> None:
        before = () if old is None else old["metadata"].get("ownerReferences", ())
        after = () if new is None else new["metadata"].get("ownerReferences", ())
        if before is not after and before != after:
            family = self.children[cluster]
            for owner in before:
                mine = family.get(owner["uid"], {})
                mine.pop(key, None)
                if not mine:
                    family.pop(owner["uid"], None)
            for owner in after:
                family.setdefault(owner["uid"], {})[key] = None

    def let_go(self, cluster: str, uid: str, by: By) -> None:
        """Policy Orphan: what named this owner names it no longer."""
        for kind, namespace, name in list(self.children[cluster].get(uid, ())):
            child = self.objects[cluster][kind][namespace, name]
            owners = [owner for owner in child["metadata"].get("ownerReferences", ()) if owner["uid"] != uid]
            self._replaced(cluster, kind, child, {**child, "metadata": {**child["metadata"], "ownerReferences": owners}}, by, "patch", dry=False)

    def _brought_up(self, cluster: str, kind: str, found: Object) -> Object:
        """An object that changes with time alone, written as of now because somebody looks (lab.md 16): a version more, no ledger, nobody woken."""
        new, _ = self.passing[kind](found, self.clock.now)
        if new is found or new == found:
            return found
        self.versions[cluster] = version = self.versions[cluster] + 1
        stands = {**new, "metadata": {**new["metadata"], "resourceVersion": str(version)}}
        namespace, name = stands["metadata"].get("namespace", ""), stands["metadata"]["name"]
        self.objects[cluster][kind][namespace, name] = stands
        self._remember(cluster, Event(version, "MODIFIED", kind, namespace, name, stands, found))
        return stands

    def _remember(self, cluster: str, event: Event) -> None:
        log = self.history[cluster]
        log.append(event)
        if len(log) > HISTORY + HISTORY // 4:
            self.floor[cluster] = log[-HISTORY - 1].version
            del log[:-HISTORY]
