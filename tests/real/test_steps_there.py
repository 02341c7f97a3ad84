"""The Kubernetes steps between `planned` and `started` on two real servers: through the engine's own loop there, and back one by one.

The order is the recipe's own. Left out of it are the steps whose kinds nobody brings to a bare server (Argo CD's, VolSync's) and Ceph's; what
the staged sync would make is posted and taken away by the test at its place.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate import machines, recipes
from portkey_migrate.engine.known import back_rows, keyed
from portkey_migrate.engine.walk import Walk
from portkey_migrate.errors import Interrupted
from portkey_migrate.journal import Journal
from portkey_migrate.journal.rows import NewRow, Row, Transition
from portkey_migrate.model import App, Found, Plan, Ref
from portkey_migrate.model import Cluster as Side
from portkey_migrate.recipes import Method, Undo, handover
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At
from portkey_migrate.systems.found import find
from portkey_migrate.systems.kube import KINDS, Kube
from portkey_migrate.systems.kube.kinds import url
from portkey_migrate.systems.names import MADE_BY, MARK
from portkey_migrate.systems.real import RealClock, RealIds, RealRun, RealTransport
from portkey_migrate.systems.settings import KubeContext
from tests.real.cluster import Cluster, Keeper
from tests.real.conftest import Tally
from tests.real.crds import DEFINITIONS
from tests.real.furniture import APP, furnish, put_deployment, take_deployment
from tests.real.stand_in import Asking, Kubelet

#: Steps of other systems, and of kinds that a bare server has not.
LEFT_OUT = frozenset({"hold", "staged-sync", "release", "sync-source", "safety-backup", "blocklist", "restore-point"})
#: The Pods' own coming and going, and what is told of it; and what a controller puts into every Namespace in its own time.
PASSING = frozenset({"Event", "Pod", "ReplicaSet", "Lease", "EndpointSlice", "Endpoints"})
EVERYWHERE = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})
PLAN = Plan("there", "UTC", Side("k3s"), Side("talos"), {}, {APP.name: APP}, {}, (), {}, frozenset(), "h", "")
SUBJECT = f"app/{APP.name}"


def bare(step: Step) -> Step:
    """Without the questions about Ceph that are asked before some of them."""
    return replace(step, asks=()) if getattr(step, "asks", ()) else step  # type: ignore[call-arg] # those with `asks` have the field


def there(app: App, found: Found) -> recipes.Recipe:
    """What the recipe does to Kubernetes from `planned` to `started`, in its order, as one transition."""
    recipe = handover.forward(app, found)
    states = list(recipe)
    wanted = [item for state in states[: states.index("started") + 1] for item in recipe[state]]
    return {"prepared": [bare(item) for item in wanted if isinstance(item, Step) and item.kind not in LEFT_OUT]}


def back(app: App, found: Found) -> recipes.Recipe:
    """The undo of each of them in the order of the recipe's way back, the check before the Namespace goes with it."""
    items = [item for there in handover.back(app, found).values() for item in there]
    wanted = [item for item in items if isinstance(item, Undo) and item.step.kind not in LEFT_OUT]
    return {"planned": [Undo(bare(one.step), one.asks if one.step.kind == "namespace" else ()) for one in wanted]}


THERE = Method("handover", there, back, 0.0, (), {})


@pytest.fixture
def sides(keeper: Keeper, programs: dict[str, Path]) -> Iterator[dict[str, Cluster]]:
    """Two clusters that know nothing of each other, the app on the first, both with controllers and with somebody in place of kubelets."""
    source, target = Cluster.start_all(keeper, programs, ("source-of-steps", "target-of-steps"), controllers=True)
    both = {"source": source, "target": target}
    source.define(DEFINITIONS)
    with Kubelet(both["source"]), Kubelet(both["target"]):
        for name, one in both.items():
            furnish(one, whole=name == "source")
        yield both
    for one in both.values():
        one.stop()


class Bench:
    """The engine's loop with nothing in place of anything: real adapters, clock and journal."""

    def __init__(self, sides: Mapping[str, Cluster], state: Path) -> None:
        self.sides, self.clock = sides, RealClock()
        self.journal = Journal.open(state, world="real", clock=self.clock, ids=RealIds())
        self.journal.seed(PLAN)
        self.kubes: dict[str, Kube] = {}
        for name, one in sides.items():
            context = KubeContext(str(one.kubeconfig), one.name)
            self.kubes[name] = Kube(name, context, RealTransport(), self.clock, hmac_key=self.journal.secret_key(), peers=self.kubes)
        self.asking = {name: Asking(one) for name, one in sides.items()}
        self.found = find(APP, self.at())

    def close(self) -> None:
        for kube, asking in zip(self.kubes.values(), self.asking.values(), strict=True):
            kube.close()
            asking.close()
        self.journal.close()

    def at(self, move: Transition | None = None) -> At:
        at = At(SUBJECT, "", self.clock, self.kubes, RealTransport().fetch, RealRun(), APP, plan=PLAN)
        if move is not None:
            at.found = self.found
            at.begun = {row.name: row.change for _, row in self.begun() if row.change is not None}
            keyed(at, move)
        return at

    def begun(self) -> list[tuple[Transition, Row]]:
        return self.journal.begun(SUBJECT, "planned", machines.way("app"))

    def begin(self, leaves: str, reaches: str, rows: list[NewRow], of: int | None = None) -> Transition:
        direction: Any = "forward" if of is None else "back"
        return self.journal.begin(
            SUBJECT, leaves=leaves, reaches=reaches, direction=direction, method=THERE.name, rows=rows, plan_hash="h", found=asdict(self.found), of=of
        )

    def one_by_one(self, move: Transition, before: Callable[[Row], None], after: Callable[[Row], None]) -> None:
        """Each row by a loop of its own that is stopped behind it, as a command is that was interrupted there."""
        people: Any = None  # nobody is asked anything
        for number, row in enumerate(rows := self.journal.rows(move.id)):
            before(row)
            stops: Iterator[bool] = iter([False, True])
            walk = Walk(move, self.at(move), self.journal, people, lambda _: None, lambda stops=stops: next(stops))  # type: ignore[misc] # mypy cannot type a default of a lambda
            if number + 1 < len(rows):
                with pytest.raises(Interrupted, match=f"stopped before {rows[number + 1].name}"):
                    walk.walk()
            else:
                walk.walk()
            done = self.journal.row(move.id, row.n)
            assert done.done_at is not None
            assert done.answer is not None
            assert done.answer.passes, done.answer
            after(done)

    def stands(self, ref: Ref) -> Any:
        """The object without what every write of anybody moves; None where it is not there. What its controller says of it is compared apart."""
        status, said = self.asking[ref.system].ask("GET", url(ref.kind, ref.namespace, ref.name))
        if status == 404:
            return None
        assert status == 200, said
        meta = {key: value for key, value in said["metadata"].items() if key not in ("resourceVersion", "generation", "managedFields")}
        return {**{key: value for key, value in said.items() if key not in ("metadata", "status")}, "metadata": meta}

    def everything(self, side: str) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Every object of every kind of the tool's table that this server has."""
        out = {}
        for name, kind in KINDS.items():
            if name == "SelfSubjectAccessReview" or (kind.brought_by and side == "target"):
                continue
            status, said = self.asking[side].ask("GET", url(name))
            assert status == 200 or (kind.brought_by and status == 404), said
            for one in said["items"] if status == 200 else ():
                out[name, one["metadata"].get("namespace", ""), one["metadata"]["name"]] = one
        return out

    def until(self, fact: Callable[[], bool], what: str, within: float = 60.0) -> None:
        ends = self.clock.monotonic() + within
        while not fact():
            assert self.clock.monotonic() < ends, what
            self.clock.sleep(0.2)


@pytest.fixture
def bench(sides: dict[str, Cluster], tmp_path: Path) -> Iterator[Bench]:
    one = Bench(sides, tmp_path / "state")
    yield one
    one.close()


def sends(cluster: Cluster) -> list[tuple[str, str, str, int]]:
    """(verb, resource, namespace/name, status) of each write of the tool's that the server's audit log holds; dry runs keep nothing."""
    out = []
    for line in map(json.loads, cluster.audit_log.read_text().splitlines()):
        about = line.get("objectRef", {})
        if not str(line.get("userAgent", "")).startswith("portkey-migrate") or "dryRun=All" in line["requestURI"]:
            continue
        assert line["stage"] == "ResponseComplete", line
        # A Namespace is said to be in itself by some verbs and not by others.
        name = f"{about.get('namespace', '') if about['resource'] != 'namespaces' else ''}/{about.get('name', '')}"
        if about["resource"] != "selfsubjectaccessreviews":
            out.append((line["verb"], about["resource"], name, line["responseStatus"]["code"]))
    return out


def as_logged(row: Row) -> tuple[str, str, str]:
    assert row.change is not None
    ref = row.change.ref
    return row.change.call, KINDS[ref.kind].resource, f"{ref.namespace}/{ref.name}"


def lasting(names: Mapping[tuple[str, str, str], Any]) -> set[tuple[str, str, str]]:
    return {one for one in names if one[0] not in PASSING and (one[0], one[2]) not in EVERYWHERE}


def test_every_step_goes_there_and_back_on_real_servers(bench: Bench, sides: dict[str, Cluster], tally: Tally) -> None:
    """Each is sent once and proved; each undo leaves its object as it was found; in the end nothing of ours is left."""
    at_first = {side: lasting(bench.everything(side)) for side in sides}
    items = there(APP, bench.found)["prepared"]
    forward = bench.begin("planned", "prepared", [NewRow(one.name, recipes.to_data(one)) for one in items])
    copies: dict[str, Any] = {}

    def copy(row: Row) -> None:
        step = recipes.from_data(row.item)
        assert isinstance(step, Step)
        if step.kind == "scale" and step.name.startswith("scale-to-0:target"):
            put_deployment(bench.asking["target"])  # what the staged sync makes: it wants a Pod that the fence refuses
        copies[row.name] = bench.stands(step.ref(bench.at(forward)))

    bench.one_by_one(forward, copy, lambda _: None)
    bench.journal.arrive(forward.id, state="prepared", outcome="done")
    kinds = {row.item["step"]["kind"] for row in bench.journal.rows(forward.id)}
    assert kinds == {
        "namespace", "fence", "secret", "retain", "volume", "claim", "scale", "proxy-service", "proxy-endpoints", "closed-service", "probe",
    }  # fmt: skip

    made = {side: len(ours(bench.everything(side))) for side in sides}
    assert min(made.values()) >= 5, made  # what has to be gone in the end is seen while it is there

    rows, first = back_rows(THERE, APP, bench.found, "planned", bench.begun())
    backward = bench.begin("prepared", "planned", rows, of=first)
    undone = []

    def clean(row: Row) -> None:
        if row.name == f"undo-claim:target/{APP.name}":
            take_deployment(bench.asking["target"])  # what the undo of the staged sync does, before the claim goes

    def compare(row: Row) -> None:
        assert row.change is not None
        assert row.undoes is not None
        name, ref = bench.journal.row(*row.undoes).name, row.change.ref
        if copies[name] is None:  # made by us: it goes when its finalizers have been heard
            bench.until(lambda: bench.stands(ref) is None, f"{ref} goes")
        assert bench.stands(ref) == copies[name], name
        undone.append(name)

    bench.one_by_one(backward, clean, compare)
    bench.journal.arrive(backward.id, state="planned", outcome="done")

    kept = [one.name for one in items if one.name not in undone]
    assert kept == [f"scale-to-0:target/{APP.name}"]  # the recipe's own exception: its Deployment goes with the staged sync
    nothing_is_left(bench, at_first)
    every_send_is_logged_once(bench, sides, [forward, backward])
    tally.steps = (len(items), len(undone))


def nothing_is_left(bench: Bench, at_first: Mapping[str, set[tuple[str, str, str]]]) -> None:
    """No object says that we made or marked it, none has a name of ours; what follows from one that went (a Service's slices) goes after it."""
    for side, before in at_first.items():
        bench.until(lambda side=side: not ours(bench.everything(side)), f"ours is gone from the {side}")  # type: ignore[misc] # mypy cannot type a default of a lambda
        assert lasting(bench.everything(side)) == before


def ours(found: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    notes = {name: one["metadata"].get("annotations") or {} for name, one in found.items()}
    return [name for name, note in notes.items() if MADE_BY in note or MARK in note or name[2].startswith("pm-")]


def every_send_is_logged_once(bench: Bench, sides: Mapping[str, Cluster], moves: list[Transition]) -> None:
    rows = [row for move in moves for row in bench.journal.rows(move.id)]
    assert all(row.attempt for row in rows), [row.name for row in rows if not row.attempt]
    for side, cluster in sides.items():
        mine = [row for row in rows if row.change is not None and row.change.ref.system == side]
        logged = sends(cluster)
        assert Counter(one[:3] for one in logged if one[3] < 300) == Counter(map(as_logged, mine))
        # An attempt whose object had moved on meanwhile was refused for its version, and changed nothing.
        assert len(logged) == sum(row.attempt for row in mine)
        assert {one[3] for one in logged if one[3] >= 300} <= {409}
