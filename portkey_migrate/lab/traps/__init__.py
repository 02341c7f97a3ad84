"""What bites whoever moves a cluster, one file a trap: its name, how it is known, and the rule itself.

A trap is on while its name is in `world.traps`. It must have teeth: turned off, the written runbook's damage falls (lab.md 27). A
controller asks the trap's file for the rule, so that one name, its facts and its rule stand together; a trap that is a behaviour of
its own brings a controller.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from portkey_migrate.lab.truth import Facts

if TYPE_CHECKING:
    from portkey_migrate.lab.controllers import Controller
    from portkey_migrate.lab.world import World


@dataclass(frozen=True)
class Trap:
    """One behaviour that hurts. `brings`: a controller for each cluster, where the trap acts by itself."""

    name: str
    says: str  # what happens, in one sentence
    facts: Facts  # how that is known
    brings: Callable[[str], Controller] | None = None

    def bites(self, world: World) -> bool:
        return self.name in world.traps


@cache
def registry() -> dict[str, Trap]:
    """Every trap by name; a new file in this folder with a `TRAP` is found by being there."""
    out: dict[str, Trap] = {}
    for module in pkgutil.iter_modules(__path__):
        trap = getattr(importlib.import_module(f"{__name__}.{module.name}"), "TRAP", None)
        if isinstance(trap, Trap):
            out[trap.name] = trap
    return dict(sorted(out.items()))


def names() -> list[str]:
    return list(registry())
