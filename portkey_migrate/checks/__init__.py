"""Questions that are asked before anything is changed. One file for each subject of the question.

A check is one function of an `At`; its name is a sentence that is true when all is well, its id the same in kebab-case. It reads, never
waits, and changes nothing. It names the states that it guards (asked before a transition reaches them, in any order); a check whose
place matters stands in a recipe instead, or as well. It names its situation: the variation of the lab's world in which it must not answer ok.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from portkey_migrate.errors import UnknownName
from portkey_migrate.model import Answer
from portkey_migrate.systems.at import At

Ask = Callable[[At], Answer]

#: Guards that are asked anew when the move proper begins: once, before the outage; of a method that has none, before each of its states.
#: Inside an outage no guard is asked: what matters there stands in the recipe.
ANEW = ("quiesced", "stateless:started", "stateless:routed")


@dataclass(frozen=True)
class Check:
    id: str
    ask: Ask
    blocks: bool  # False: a warning
    guards: tuple[str, ...]  # states of an app that it is asked before ("prepared", of one method alone "stateless:started"); () = only in a recipe
    methods: tuple[str, ...]  # which methods' guards it belongs to; () = all
    situation: str  # `--with NAME` of the lab in which it must refuse
    when: str  # "before": that situation exists before `prepared`; "between": after it; "moving": only acting can show it
    asked_of: tuple[str, ...]  # systems it reads: "source", "target", "proxmox" …
    within: float  # seconds that the engine asks again while it says not-yet, where a recipe names it
    sources: str  # domain numbers, real/ sections

    @property
    def says(self) -> str:
        """The first line of its docstring."""
        return (self.ask.__doc__ or "").strip().splitlines()[0]


_REGISTRY: dict[str, Check] = {}


def check(
    *,
    guards: Iterable[str] = (),
    methods: Iterable[str] = (),
    blocks: bool = True,
    situation: str,
    when: str = "before",
    asked_of: Iterable[str] = ("source", "target"),
    within: float = 60.0,
    sources: str = "",
) -> Callable[[Ask], Ask]:
    """Registers a function as a check under its own name."""

    def register(ask: Ask) -> Ask:
        id_ = ask.__name__.replace("_", "-")
        _REGISTRY[id_] = Check(id_, ask, blocks, tuple(guards), tuple(methods), situation, when, tuple(asked_of), within, sources)
        return ask

    return register


@cache
def _load() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def registry() -> dict[str, Check]:
    """Every check by id, sorted; a new file in this folder is found by being there."""
    _load()
    return dict(sorted(_REGISTRY.items()))


def by_id(id_: str) -> Check:
    _load()
    try:
        return _REGISTRY[id_]
    except KeyError:
        raise UnknownName(f"no check is named {id_}") from None


def guards_of(state: str, method: str) -> list[Check]:
    """The checks asked before an app of this method reaches `state`."""
    asked = {state, f"{method}:{state}"}
    return [c for c in registry().values() if asked & set(c.guards) and (not c.methods or method in c.methods)]
