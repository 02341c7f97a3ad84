"""Where a breakage is played: the real commands in a lab of its own, and what the lab says of it at the end.

Labs and commands are forked from the test, so that what was taken out of the tool here is out of it there too. Nothing in the product
knows of any of this: no flag, no variable.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.journal.looks import View
from portkey_migrate.lab import copies
from portkey_migrate.lab.world import World
from portkey_migrate.rehearse import processes, run
from portkey_migrate.rehearse.run import Asked, Run

HOME = Path(__file__).parents[2]
APP = "vaultwarden"
SEED = 7


def _leaves_alone(_: World) -> None:
    pass


@dataclass(frozen=True)
class Stage:
    """A folder for one play, and the traps that are turned off in it."""

    folder: Path
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """What came of a play: the rehearsal's document, the journal's folder, and the world as it was left."""

    said: dict[str, Any]
    state: Path
    copy: Path

    @property
    def app(self) -> dict[str, Any]:
        return next(one for one in self.said["apps"] if one["name"] == self.said["subject"].partition("/")[2])

    @property
    def world(self) -> World:
        return copies.load(self.copy)

    @property
    def clean(self) -> bool:
        return bool(self.said["verdict"] == "clean")

    @property
    def refused_by(self) -> list[str]:
        """Every check and step that ended a command, or made a move go back: by its name, the first one first."""
        said = list(self.said["blocked_by"])
        if (self.state / "journal.db").exists():
            for move in View(self.state).transitions(self.said["subject"]):
                said += [text.partition(":")[0] if not _named(text) else _named(text) for text in (move.why, move.error) if text]
        return list(dict.fromkeys(said))


def _named(text: str) -> str:
    """`ROW: CHECK: why` names the check that a step asked first."""
    parts = text.split(": ")
    return parts[1] if len(parts) > 2 and re.fullmatch(r"[a-z0-9-]+", parts[1]) else ""


@dataclass(frozen=True)
class Play:
    """One run of the real commands. The same play, with nothing taken out, is what a breakage is compared with."""

    subject: str = f"app/{APP}"
    seed: int = SEED
    world: str = "portkey"
    to: str | None = "committed"
    rollback_at: str | None = None
    with_: str | None = None
    dies: str = ""  # the first crash point of the subject's own moves whose words match: "after PATCH …deployments…"
    fault: tuple[str, str] | None = None  # a fault of the wire, and the first call of the subject's own moves that it hits, by its words
    in_doubt: bool = False  # dies where that call's late twin is still on its way
    then: str = ""  # what is typed after that death: "" the same command, or "rollback"
    intrudes: Callable[[World], None] = _leaves_alone  # module-level: what else is in this world from the beginning
    more: Callable[[Run], None] = field(default=run.go)  # what is typed

    def __call__(self, stage: Stage) -> Shown:
        wanted = Asked(self.subject, self.seed, self.world, None if self.rollback_at else self.to, self.rollback_at, self.with_, None, draws=False)
        point, call = self._places(stage, wanted) if self.dies or self.fault else (0, 0)
        began = time.perf_counter()
        with self._running(stage, wanted, "played") as it:
            if self.fault:
                it.lab.ask("faults", planned=[{"kind": self.fault[0], "nth": call}], twin="end" if self.in_doubt else "")
            it.kill_at, it.in_doubt, it.stops_dead = point, self.in_doubt, bool(self.then)
            self.more(it)
            if self.then:
                assert it.killed, "the run never came to that crash point"
                it.stops_dead = False
                it.type(self.then, *self.subject.split("/", 1))
            said = run.document(it, began)
            it.lab.ask("save", path=str(it.scratch / "left"), state=False)
            return Shown(said, it.state, it.scratch / "left")

    def _places(self, stage: Stage, wanted: Asked) -> tuple[int, int]:
        """The crash point, and the number of the call, that the words mean: from a run without either."""
        with self._running(stage, wanted, "counted") as it:
            first = self._typed_from(it)
            self.more(it)
            seen = it.lab.ask("points")
        mine = seen[first[0] :]

        def found(words: str) -> int:
            number = next((one["n"] for one in mine if re.search(words, one["what"])), 0)
            assert number, f"no crash point of this run is {words!r}: {[one['what'] for one in mine]}"
            return int(number)

        # A call that changes something has one point before it lands: so these count the calls.
        calls = sum(one["what"].startswith("before ") for one in seen[: found(f"before .*{self.fault[1]}")]) if self.fault else 0
        # Where late twins land in time, who would die in doubt dies when the call has landed.
        dies = self.dies or (f"after .*{self.fault[1]}" if self.fault and self.in_doubt else "")
        return found(dies) if dies else 0, calls

    @contextmanager
    def _running(self, stage: Stage, wanted: Asked, name: str) -> Iterator[Run]:
        processes.warm()
        folder, made = stage.folder / name, run.made

        def changed(asked: Asked, calls: int) -> World:
            world = made(asked, calls)
            world.traps -= set(stage.without)
            self.intrudes(world)
            return world

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run, "made", changed)
            with run.running(wanted, HOME, folder / "state", folder) as it:
                yield it

    @staticmethod
    def _typed_from(it: Run) -> list[int]:
        """The number of crash points before the subject's own moves, once they have begun."""
        first = [0]

        def begins() -> None:
            first[0] = len(it.lab.ask("points"))

        it.on_subject = begins
        return first
