"""Workloads: how many Pods are wanted, and whether they are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portkey_migrate.model import Answer, Change, Fields, Ref, Seen, Side, not_yet, ok
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At, ready
from portkey_migrate.systems.silence import note, patient


@dataclass(frozen=True)
class Scale(Step):
    """Asks a workload for Pods, or for none."""

    kind: ClassVar[str] = "scale"
    within: ClassVar[float] = 300.0
    side: Side
    workload: str  # Deployment | StatefulSet
    namespace: str
    member: str
    to: int
    asks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"scale-{'up' if self.to else 'to-0'}:{self.side}/{self.member}"

    def ref(self, at: At) -> Ref:
        return Ref(self.side, self.workload, self.namespace, self.member)

    def wants(self, seen: Seen, at: At) -> Fields:
        return {"spec.replicas": self.to}

    def proof(self, change: Change, at: At) -> Answer:
        if change.after is None:
            return super().proof(change, at)
        want, pods = change.after["spec.replicas"], at.pods(change.ref)
        # None left, not merely none wanted: a Terminating Pod still writes.
        there = not pods if want == 0 else len(pods) == want and all(ready(pod) for pod in pods)
        said = {"wanted": want, "pods": len(pods), "ready": sum(ready(pod) for pod in pods)}
        if there:
            where = sorted({pod["spec"].get("nodeName", "") for pod in pods})
            return ok(f"{want} of {want} Pods ready on {', '.join(where)}" if want else "no Pod left", **said)
        watch = Ref(change.ref.system, "Pod", change.ref.namespace, "")
        if want:
            return not_yet(f"{said['ready']} of {want} Pods ready, {len(pods)} there", watch=watch, waits_for="Pods to be ready", **said)
        answer = not_yet(f"{len(pods)} Pods have not ended", watch=watch, waits_for="Pods to end", **said)
        if change.ref.system != "source":
            return answer
        note(at, "source", pods)
        return patient(at, answer)


def scale(side: Side, namespace: str, members: tuple[tuple[str, str, int], ...], *, up: bool, asks: tuple[str, ...] = ()) -> list[Scale]:
    """One step a member (kind, name, replicas): up in start order, to 0 in the reverse."""
    order = members if up else members[::-1]
    return [Scale(side, kind, namespace, name, replicas if up else 0, asks) for kind, name, replicas in order]
