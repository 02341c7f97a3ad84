"""The order. One file a method and a kind, forward and back on one screen, as lists that a person can read.

A recipe is two functions: `forward(app, found)` gives for each state the items that lead to it, `back(app, found)` for each state gone back
to. An item is a step, the undo of a step, a check whose place matters, or the question `Go`. Nothing is assembled elsewhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from portkey_migrate import checks, steps
from portkey_migrate.errors import UnknownName
from portkey_migrate.model import App, Change, Found, Kind, Task


@dataclass(frozen=True)
class Undo:
    """The recorded undo of a step, of whatever it was to begin with."""

    step: steps.Step
    asks: tuple[str, ...] = ()  # checks asked before every attempt
    over: steps.Step | None = None  # what that step wrote is what is expected to stand there

    @property
    def name(self) -> str:
        return f"undo-{self.step.name}"


@dataclass(frozen=True)
class Ask:
    """A check by its id, asked here with fresh evidence; not ok ends the transition."""

    check: str
    within: float = 0.0  # 0: the check's own

    @property
    def name(self) -> str:
        return self.check


@dataclass(frozen=True)
class Go:
    """The person is asked last: y/N, or `-y`. What follows begins an outage or crosses a pivot."""

    question: str

    @property
    def name(self) -> str:
        return "go"


@dataclass(frozen=True)
class Person:
    """A question only a person can answer: an `ask` task. Its answer is recorded with who and when."""

    question: str

    @property
    def name(self) -> str:
        return "asked"


Item = steps.Step | Undo | Ask | Go | Person
Recipe = Mapping[str, Sequence[Item]]


@dataclass(frozen=True)
class Method:
    """`back_takes`: seconds that the way back needs, kept free inside the outage budget until one was measured."""

    name: str
    forward: Callable[[Any, Any], Recipe]
    back: Callable[[Any, Any], Recipe]
    back_takes: float
    down: tuple[str, ...]  # the states in which users are down; () = no outage either way
    words: Mapping[str, str]  # what people read: `moves`, `back`, …
    of: Kind = "app"
    may_go_back: tuple[str, ...] = ()  # checks that must pass before anything goes back by itself
    ages: tuple[str, ...] = ()  # of a task: the checks that say whether its result is still good; where one does not pass, it may be done again

    def states(self, subject: App | Task, found: Found | None) -> list[str]:
        return list(self.forward(subject, found))


@cache
def methods() -> dict[str, Method]:
    """Every method that is built, by name; a new file in this folder with a `METHOD` (or `METHODS`) is found by being there."""
    out = {}
    for module in pkgutil.iter_modules(__path__):
        found = importlib.import_module(f"{__name__}.{module.name}")
        for method in (*getattr(found, "METHODS", ()), *([found.METHOD] if hasattr(found, "METHOD") else [])):
            out[method.name] = method
    return dict(sorted(out.items()))


def what_applies(back: Iterable[Item], begun: Mapping[str, Change], *, crossed: bool) -> Iterator[Item]:
    """The items of a back list that fit: an undo whose step was begun, a plain step only after the pivot, a check once anything above it applies.

    begun: of the forward transitions since the subject last stood where it goes back to; what was gone back over counts no more.
    """
    asked = crossed
    for item in back:
        if isinstance(item, Undo):
            keep = item.step.name in begun
        elif isinstance(item, steps.Step):
            keep = crossed
        else:
            keep = asked
        asked = asked or keep
        if keep:
            yield item


def to_data(item: Item) -> dict[str, Any]:
    """An item as a journal row holds it."""
    match item:
        case Undo():
            return {"do": "undo", "step": item.step.data(), "asks": list(item.asks), "over": item.over.data() if item.over else None}
        case Ask():
            return {"do": "check", "id": item.check, "within": item.within}
        case Go():
            return {"do": "go", "question": item.question}
        case Person():
            return {"do": "ask", "question": item.question}
        case _:
            return {"do": "step", "step": item.data()}


def from_data(data: Mapping[str, Any]) -> Item:
    """The item that a row recorded; a name that the code does not know is an error (exit 8), never a default."""
    match data["do"]:
        case "undo":
            over = steps.from_data(data["over"]) if data["over"] else None
            return Undo(steps.from_data(data["step"]), tuple(data["asks"]), over)
        case "check":
            checks.by_id(data["id"])
            return Ask(data["id"], data["within"])
        case "go":
            return Go(data["question"])
        case "ask":
            return Person(data["question"])
        case "step":
            return steps.from_data(data["step"])
        case other:
            raise UnknownName(f"the journal names an item {other!r} that this version does not know")
