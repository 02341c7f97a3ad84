"""A watch: what one open request still has to be told. The server that holds the socket asks it for lines; it waits for nothing itself."""

from __future__ import annotations

from portkey_migrate.lab.api.lists import no_version
from portkey_migrate.lab.api.message import Refused, Request, encoded
from portkey_migrate.lab.api.selectors import Selection
from portkey_migrate.lab.kinds import Kind
from portkey_migrate.lab.store import CompactedError, Object, Store
from portkey_migrate.lab.truth import held

FACTS = (
    held(
        "nothing is missed after a LIST, nothing told twice", "tests/contract/test_lists_and_watches.py::test_a_watch_tells_what_happens_after_a_list"
    ),
    held("what leaves a selector is DELETED", "tests/contract/test_lists_and_watches.py::test_leaving_a_selector_is_told_as_an_end"),
    held(
        "a version long gone: 200, one ERROR with 410, the end",
        "tests/contract/test_lists_and_watches.py::test_a_watch_from_a_forgotten_version_is_told_so",
    ),
    held("it ends cleanly at its time", "tests/contract/test_lists_and_watches.py::test_a_watch_ends_cleanly_when_its_time_is_up"),
)


class Watch:
    """One open watch. `take` gives the lines that came since the last call; an ERROR line is its last."""

    status = 200

    def __init__(self, store: Store, cluster: str, kind: Kind, namespace: str, request: Request, now: float) -> None:
        query = request.query
        self.store, self.cluster, self.kind, self.namespace = store, cluster, kind.kind, namespace
        self.selection = Selection(kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
        self.table = kind
        self.headers = {"Content-Type": "application/json"}
        seconds = query.get("timeoutSeconds", "")
        self.until = now + int(seconds) if seconds.isdigit() and int(seconds) else None
        self.bookmarks = query.get("allowWatchBookmarks", "") in ("true", "1")
        self.ended = False
        self.first: list[bytes] = []
        since = query.get("resourceVersion", "")
        initial = query.get("sendInitialEvents", "")
        if since and not since.isdigit():
            raise no_version(since)
        if initial != "true" and since not in ("", "0"):
            self.since = int(since)
            return
        there = [obj for obj in store.list(cluster, self.kind, namespace) if self.selection(obj)]
        self.since = store.versions[cluster]
        if initial != "false":
            self.first = [self._line("ADDED", obj) for obj in there]
        if initial == "true":
            self.first.append(self.bookmark(end=True))

    def concerns(self, cluster: str, kind: str, namespace: str) -> bool:
        return cluster == self.cluster and kind == self.kind and self.namespace in ("", namespace)

    def take(self) -> bytes:
        """Every line that is due, newline after each; b"" when there is nothing to tell."""
        if self.ended:
            return b""
        out, self.first = self.first, []
        if self.kind in self.store.passing:
            self.store.list(self.cluster, self.kind, self.namespace)  # somebody looks: what time alone has changed is written now
        try:
            events = self.store.changes(self.cluster, self.since)
        except CompactedError as gone:
            self.ended = True
            old = Refused(410, "Expired", f"too old resource version: {self.since} ({gone.args[0]})")
            return b"".join(out) + encoded({"type": "ERROR", "object": old.status})
        for event in events:
            self.since = event.version
            if event.kind != self.kind or (self.namespace and event.namespace != self.namespace):
                continue
            was = event.old is not None and self.selection(event.old)
            stands = event.type != "DELETED" and self.selection(event.object)
            if stands:
                out.append(self._line("MODIFIED" if was else "ADDED", event.object))
            elif was:
                # What no longer matches is told as gone, in the shape in which it last matched, with the version of the change.
                last = (
                    event.object
                    if event.type == "DELETED"
                    else {**(event.old or {}), "metadata": {**(event.old or {})["metadata"], "resourceVersion": str(event.version)}}
                )
                out.append(self._line("DELETED", last))
        return b"".join(out)

    def bookmark(self, *, end: bool = False) -> bytes:
        """Where the watch stands, for one that allowed it."""
        metadata: Object = {"resourceVersion": str(self.since)}
        if end:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        return self._line("BOOKMARK", {"kind": self.table.kind, "apiVersion": self.table.api_version, "metadata": metadata})

    @staticmethod
    def _line(type_: str, obj: Object) -> bytes:
        return encoded({"type": type_, "object": obj})
