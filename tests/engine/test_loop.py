"""The loop on a toy world: killed at every send, with a lost reply or a late twin on each, forward, resumed and back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate import checks, recipes
from portkey_migrate.engine import known
from portkey_migrate.engine.moves import Moves, Outcome
from portkey_migrate.errors import MigrateError
from portkey_migrate.journal import Journal
from portkey_migrate.model import App, Cluster, Found, Plan, Ref
from portkey_migrate.ports import Ports
from tests.engine import toy as toys

APP = App("x", "toy", ("x",), outage=60.0, soak=0.0)
FOUND = Found("x", "x", (), "x", "x", "/", "x", 80, "", (), "", "")
PLAN = Plan("toy", "UTC", Cluster("k3s"), Cluster("talos"), {}, {"x": APP}, {}, (), {}, frozenset(), "h", "")
OLD = Ref("source", "Thing", "", "old")


class Ids:
    n = 0

    def hex(self, length: int) -> str:
        Ids.n += 1
        return f"{Ids.n:0{length}x}"[-length:]

    def who(self) -> str:
        return "me"

    def host(self) -> str:
        return "here"

    def pid(self) -> int:
        return 1


class Yes:
    def can_answer(self, *, severe: bool, name: str = "") -> bool:
        return True

    def agrees(self, question: str) -> bool:
        return True

    def types(self, question: str, name: str) -> bool:
        return True

    def tells(self, question: str) -> str | None:
        return "yes"


@dataclass
class Bench:
    """A toy world and its journal; each command is a process of its own."""

    folder: Path
    clock: toys.ToyClock = field(default_factory=toys.ToyClock)

    def __post_init__(self) -> None:
        self.toy = toys.Toy(self.clock)
        self.toy.objects[OLD] = ({"value": 0}, "1", "u1")
        self.toy.serial = 1

    def command(self, act: Callable[[Moves], Outcome]) -> Outcome | MigrateError | None:
        """None: it died."""
        journal = Journal.open(self.folder, world="lab:toy", clock=self.clock, ids=Ids())
        try:
            journal.seed(PLAN)
            moves = Moves(PLAN, journal, lambda: ({"source": self.toy}, {}), self.ports(), lambda _: None, "t", rehearsal=True)
            return act(moves)
        except toys.Killed:
            return None
        except MigrateError as error:
            return error
        finally:
            journal._flock.free()  # dies as a killed process does: nothing held is committed
            journal._commits.db.close()

    def ports(self) -> Ports:
        nothing: Any = None
        return Ports(self.clock, nothing, type("T", (), {"fetch": None})(), nothing, Ids(), Yes())

    def values(self) -> dict[str, Any]:
        return {ref.name: object_.get("value") for ref, (object_, _, _) in sorted(self.toy.objects.items())}

    def state(self) -> str:
        journal = Journal.open(self.folder, world="lab:toy", clock=self.clock, ids=Ids())
        try:
            assert journal.open_transition("app/x") is None
            return journal.subject("app/x").state
        finally:
            journal.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    built = {**recipes.methods(), "toy": toys.TOY}
    monkeypatch.setattr(recipes, "methods", lambda: built)
    monkeypatch.setattr(checks, "guards_of", lambda _state, _method: [])  # the toy has nothing that Kubernetes' questions could be asked of
    monkeypatch.setattr(checks, "registry", dict)
    monkeypatch.setattr(known, "find", lambda _app, _at: FOUND)
    return Bench(tmp_path / "state")


def advance(to: str) -> Callable[[Moves], Outcome]:
    return lambda moves: moves.advance("app/x", to)


def rollback(to: str | None = None) -> Callable[[Moves], Outcome]:
    return lambda moves: moves.rollback("app/x", to)


def to_the_end(bench: Bench, act: Callable[[Moves], Outcome], tries: int = 4) -> Outcome:
    """The same command until it ends."""
    for _ in range(tries):
        got = bench.command(act)
        if isinstance(got, Outcome):
            return got
        if isinstance(got, MigrateError):
            raise got
    raise AssertionError("it died more often than it was killed")


DONE = {"a": 6, "b": 7, "old": 2}
SENDS = 7


def test_a_quiet_run_sends_each_change_once(bench: Bench) -> None:
    """Seven changes, seven sends, and every object stands as wanted."""
    assert to_the_end(bench, advance("committed")).state == "committed"
    assert bench.values() == DONE
    assert bench.toy.sends == SENDS


def test_a_quiet_way_back_leaves_nothing(bench: Bench) -> None:
    """From committed to planned: what was made is gone, what was changed is as it was."""
    to_the_end(bench, advance("committed"))
    assert to_the_end(bench, rollback("planned")).state == "planned"
    assert bench.values() == {"old": 0}


@pytest.mark.parametrize("fate", ["lost", "late", "kill-before", "kill-after", "kill-late"])
@pytest.mark.parametrize("n", range(SENDS))
@pytest.mark.parametrize("late_by", [1, 2, 50])
def test_the_same_command_goes_on_after_anything(bench: Bench, fate: str, n: int, late_by: int) -> None:
    """Whatever one send meets, the command ends where an undisturbed one does, and no step had effect twice."""
    bench.toy.fate, bench.toy.late_by = {n: fate}, late_by
    assert to_the_end(bench, advance("committed")).state == "committed"
    bench.toy.flush_twins()
    assert bench.values() == DONE
    assert len(bench.toy.effects) == len({token.partition("#")[0] for token, _ in bench.toy.effects})


@pytest.mark.parametrize("fate", ["lost", "late", "kill-before", "kill-after", "kill-late"])
@pytest.mark.parametrize("n", range(SENDS))
@pytest.mark.parametrize("late_by", [1, 2, 50])
def test_rollback_after_death_in_doubt_leaves_nothing(bench: Bench, fate: str, n: int, late_by: int) -> None:
    """Died at a send, rolled back instead of going on, and then the twin comes: the world as if nothing had been begun."""
    bench.toy.fate, bench.toy.late_by = {n: fate}, late_by
    bench.command(advance("committed"))
    to_the_end(bench, rollback("planned"))
    bench.toy.flush_twins()
    assert bench.values() == {"old": 0}
    assert bench.state() == "planned"


@pytest.mark.parametrize(("first", "second"), list(itertools.product(["lost", "late", "kill-before", "kill-after", "kill-late"], repeat=2)))
@pytest.mark.parametrize("n", range(SENDS))
def test_going_back_survives_the_same(bench: Bench, first: str, second: str, n: int) -> None:
    """Two disturbances on the way back itself, one on the send and one on the next: the same command ends it."""
    to_the_end(bench, advance("committed"))
    bench.toy.fate = {SENDS + n: first, SENDS + n + 1: second}
    bench.toy.late_by = 3
    to_the_end(bench, rollback("planned"))
    bench.toy.flush_twins()
    assert bench.values() == {"old": 0}


def test_somebody_elses_change_is_never_overwritten(bench: Bench) -> None:
    """An object that stands neither as found nor as wanted parks the move, names it, and is left alone."""
    bench.toy.fate = {2: "kill-before"}
    bench.command(advance("committed"))
    bench.toy.objects[OLD] = ({"value": 99}, "77", "u1")
    with pytest.raises(MigrateError) as caught:
        to_the_end(bench, advance("committed"))
    assert caught.value.exit in (6, 7)
    assert bench.values()["old"] == 99
