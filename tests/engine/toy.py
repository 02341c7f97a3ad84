"""A toy world of a few objects in which every send can be lost, late or fatal: the loop is judged apart from Kubernetes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from portkey_migrate import steps
from portkey_migrate.errors import Conflict, NoReply
from portkey_migrate.model import Change, Fields, Found, Ref, Seen, nest
from portkey_migrate.recipes import Go, Method, Recipe, Undo
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At


class Killed(BaseException):
    """The tool died here."""


@dataclass
class ToyClock:
    at: float = 0.0
    slept: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return datetime(2026, 1, 10, 12, tzinfo=UTC) + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        self.slept()


@dataclass
class Toy:
    """One system. `fate[n]` says what happens to the n-th send.

    ok, lost (landed, no reply), late (lands after `late_by` looks), kill-before, kill-after, kill-late.
    """

    clock: ToyClock
    objects: dict[Ref, tuple[dict[str, Any], str, str]] = field(default_factory=dict)
    fate: dict[int, str] = field(default_factory=dict)
    late_by: int = 1
    sends: int = 0
    serial: int = 0
    effects: list[tuple[str, str]] = field(default_factory=list)  # (token, call) of each that changed the world
    twins: list[tuple[float, int, Change, Seen, str]] = field(default_factory=list)

    def read(self, ref: Ref) -> Seen:
        self._come(lambda until, _looks: self.clock.at >= until)  # the server's time-out is over: it came before this look
        seen = self._seen(ref)
        self.twins = [(until, looks - 1, change, under, token) for until, looks, change, under, token in self.twins]
        self._come(lambda _until, looks: looks <= 0)  # a look sees what stood before the twin came: the worst order
        return seen

    def _come(self, due: Callable[[float, int], bool]) -> None:
        waiting, self.twins = self.twins, []
        for until, looks, change, under, token in waiting:
            if due(until, looks):
                self._land(change, under, token)
            else:
                self.twins.append((until, looks, change, under, token))

    def list(self, kind: str, namespace: str = "") -> tuple[Sequence[Mapping[str, Any]], str]:
        return [object_ for ref, (object_, _, _) in self.objects.items() if ref.kind == kind], str(self.serial)

    def watch(self, kind: str, namespace: str, since: str, timeout: float) -> None:
        self.clock.sleep(min(1.0, timeout))

    def send(self, change: Change, seen: Seen, token: str) -> None:
        n, self.sends = self.sends, self.sends + 1
        fate = self.fate.get(n, "ok")
        if fate == "kill-before":
            raise Killed
        if fate in ("late", "kill-late"):
            self.twins.append((self.clock.at + 59.0, self.late_by, change, seen, token))
            raise Killed if fate == "kill-late" else NoReply
        landed = self._land(change, seen, token)
        if fate == "kill-after":
            raise Killed
        if fate == "lost":
            raise NoReply
        if not landed:
            raise Conflict

    def flush_twins(self) -> None:
        for _, _, change, seen, token in self.twins:
            self._land(change, seen, token)
        self.twins.clear()

    def ask(self, question: str, **values: Any) -> Mapping[str, Any]:
        return {}

    def by_hand(self, change: Change) -> Sequence[Sequence[str]]:
        return [["toy", change.call, change.ref.name]]

    def _seen(self, ref: Ref) -> Seen:
        if ref not in self.objects:
            return Seen(None)
        object_, version, uid = self.objects[ref]
        return Seen(object_, version, uid)

    def _land(self, change: Change, seen: Seen, token: str) -> bool:
        now = self._seen(change.ref)
        if change.call == "create":
            if now.object is not None:
                return False
            self.serial += 1
            self.objects[change.ref] = (nest(dict(change.after or {})), str(self.serial), f"u{self.serial}")
        elif change.call == "delete":
            if now.object is None or now.uid != seen.uid:
                return False
            self.serial += 1
            del self.objects[change.ref]
        else:
            if now.object is None or now.version != seen.version:
                return False
            self.serial += 1
            merged = {**now.object, **nest({**(change.after or {}), **change.along})}
            self.objects[change.ref] = (merged, str(self.serial), now.uid)
        self.effects.append((token, change.call))
        return True


@dataclass(frozen=True)
class Make(Step):
    kind: ClassVar[str] = "toy-make"
    verbs: ClassVar[tuple[str, ...]] = ("create", "delete")
    thing: str

    @property
    def name(self) -> str:
        return f"make:{self.thing}"

    def ref(self, at: At) -> Ref:
        return Ref("source", "Thing", "", self.thing)

    def wants(self, seen: Seen, at: At) -> Fields:
        return {"by": at.key}


@dataclass(frozen=True)
class Put(Step):
    kind: ClassVar[str] = "toy-put"
    thing: str
    value: int

    @property
    def name(self) -> str:
        return f"put-{self.value}:{self.thing}"

    def ref(self, at: At) -> Ref:
        return Ref("source", "Thing", "", self.thing)

    def wants(self, seen: Seen, at: At) -> Fields:
        return {"value": self.value}


@dataclass(frozen=True)
class Turn(Put):
    kind: ClassVar[str] = "toy-turn"
    pivot: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return f"turn-{self.value}:{self.thing}"


def forward(app: Any, found: Found) -> Recipe:
    return {
        "prepared": [Make("a"), Make("b"), Put("old", 1)],
        "started": [Put("a", 5)],
        "routed": [Go("Go?"), Turn("old", 2)],
        "protected": [Put("b", 7)],
        "committed": [Put("a", 6)],
    }


def back(app: Any, found: Found) -> Recipe:
    return {
        "prepared": [Undo(Put("a", 6)), Undo(Put("b", 7)), Undo(Turn("old", 2)), Undo(Put("a", 5))],
        "planned": [Undo(Put("old", 1)), Undo(Make("b")), Undo(Make("a"))],
    }


TOY = Method("toy", forward, back, 0.0, (), {"moves": "", "back": ""})

steps._load.cache_clear()  # another room may have asked for the registry before these steps were there
