"""What a check, a proof or a step may look at: the connected systems, read-only, and the facts of the move.

`At` never sends and never waits. It keeps one LIST a kind for the length of one look, so that thirty checks cost as many calls
as there are kinds, and remembers the version of each list, so that a watch starts where the look ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portkey_migrate.model import App, Change, Found, Plan, Ref, Seen, Task
from portkey_migrate.ports import Clock, Ran, Reply, System

#: A value of a not-yet answer: seconds after which to look again, though nothing that it watches has changed.
AGAIN = "look-again"


@dataclass(frozen=True)
class Will:
    """One thing that a recipe will do, for `permissions-suffice`."""

    verb: str
    ref: Ref


@dataclass
class At:
    subject: str
    key: str  # K: the prefix of every name of ours, `pm-<4 hex of the journal's lineage>-<transition>`; "" before one begins
    clock: Clock
    systems: Mapping[str, System]  # "source", "target", …; connected when the transition needs them
    fetcher: Callable[[str, str, str, float], Reply]  # Transport.fetch
    runner: Callable[[Sequence[str], float], Ran]
    app: App | None = None
    task: Task | None = None
    found: Found | None = None
    begun: Mapping[str, Change] = field(default_factory=dict)  # step name → its change, of this subject's forward transitions
    will: Sequence[Will] = ()
    identity: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # side → (kube-system uid, SHA-256 of the CA), as seen now
    checked: Mapping[str, Any] = field(default_factory=dict)  # check id → its newest Answer in this transition (node-answered warned?)
    back: bool = False  # this look is part of a way back
    plan: Plan | None = None  # which apps and machines there are, for what is asked of all of them
    mind: dict[str, Any] = field(default_factory=dict)  # what an earlier look saw, for "it changed since": in memory, never recorded
    _lists: dict[tuple[str, str, str], tuple[Sequence[Mapping[str, Any]], str]] = field(default_factory=dict)
    #: Kept from look to look: the selector of an apps/v1 workload cannot be changed (kubernetes.io, "Label selector updates"), only made anew.
    _selectors: dict[Ref, list[Mapping[str, str]]] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.clock.now()

    def fresh(self) -> At:
        """Forgets the lists: the next look asks again."""
        self._lists.clear()
        return self

    def get(self, ref: Ref) -> Seen:
        return self.systems[ref.system].read(ref)

    def list(self, system: str, kind: str, namespace: str = "") -> Sequence[Mapping[str, Any]]:
        """Every object of a kind, in one namespace or in all; one call a look. The first version seen in a look is the one a watch starts from."""
        wide = self._lists.get((system, kind, ""))
        if wide is not None and namespace:
            return [one for one in wide[0] if one["metadata"].get("namespace", "") == namespace]
        at = (system, kind, namespace)
        if at not in self._lists:
            self._lists[at] = self.systems[system].list(kind, namespace)
        return self._lists[at][0]

    def since(self, watch: Ref) -> str:
        """The version that a watch on a kind starts from: that of the list this look was made from, "" where it made none."""
        for namespace in (watch.namespace, ""):
            if (watch.system, watch.kind, namespace) in self._lists:
                return self._lists[watch.system, watch.kind, namespace][1]
        return ""

    def ask(self, system: str, question: str, **values: Any) -> Mapping[str, Any]:
        return self.systems[system].ask(question, **values)

    def fetch(self, address: str, host: str, path: str, timeout: float = 5.0) -> Reply:
        return self.fetcher(address, host, path, timeout)

    def run(self, argv: Sequence[str], timeout: float) -> Ran:
        return self.runner(argv, timeout)

    def pods(self, workload: Ref) -> Sequence[Mapping[str, Any]]:
        """The Pods that a workload's selector matches, Terminating ones too: a Terminating Pod still writes.

        Once it was seen, also when its owner is gone, and by every selector that this move has seen of that name.
        """
        wanted = self._selectors.setdefault(workload, [])
        if not wanted or (workload.system, workload.kind, workload.namespace) in self._lists:
            for one in self.list(workload.system, workload.kind, workload.namespace):
                labels = one["spec"]["selector"].get("matchLabels", {})
                if one["metadata"]["name"] == workload.name and labels not in wanted:
                    wanted.append(labels)
        pods = self.list(workload.system, "Pod", workload.namespace) if wanted else ()
        return [pod for pod in pods if any(labels.items() <= pod["metadata"].get("labels", {}).items() for labels in wanted)]


def ready(pod: Mapping[str, Any]) -> bool:
    """A Pod that is Ready and not going away."""
    conditions = pod.get("status", {}).get("conditions", [])
    return "deletionTimestamp" not in pod["metadata"] and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
