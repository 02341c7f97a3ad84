"""What a tooth is: one guarantee taken out of the tool, the guards that would still refuse, the figure that rises, the trap that bites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from portkey_migrate import checks, recipes
from portkey_migrate.model import Answer, ok
from portkey_migrate.recipes import Ask, Item, Recipe
from portkey_migrate.systems.at import At
from tests.teeth.stage import Play, Shown

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Out:
    """A guarantee that is taken out. `name`: as the table says it."""

    name: str
    does: Patch


@dataclass(frozen=True)
class Figure:
    """A number that the lab counts; a whole tool keeps it at 0, or a breakage makes it more than it was."""

    name: str
    unit: str
    of: Callable[[Shown], float]
    least: float = 1e-6  # by how much it has to rise


LOST = Figure("lost_writes", "writes", lambda shown: shown.app["lost_writes"])
TWO_WRITERS = Figure("double_writer_seconds", "s", lambda shown: shown.app["double_writer_seconds"])
TWICE = Figure("double_effects", "effects", lambda shown: shown.said["crashes"]["double_effects"])
DOWN = Figure("outage_seconds", "s", lambda shown: shown.app["outage_seconds"], least=1.0)
DIFFERS = Figure("differences", "fields", lambda shown: sum(not one["allowed_by"] for one in shown.said["differences"]))


@dataclass(frozen=True)
class Tooth:
    """One row of the table."""

    name: str
    out: Patch
    play: Play
    figure: Figure
    guards: tuple[Out, ...] = ()  # what masks it: taken out together with it, so that the figure can rise
    refused_by: str = ""  # the check or step that refuses it while the guards stand; "" where they make nothing of it, and it ends clean
    alone: str = ""  # where no check refuses it, and its guards keep the figure down alone: what the verdict says of it
    trap: str = ""  # the lab's trap that makes it visible: turned off, the same breakage goes unseen
    not_clean: bool = True  # the verdict says no; False: the figure alone, where no promise of the verdict covers it (and `says` why)
    says: str = ""


# ---- the words in which a breakage is written ----


def believed(*ids: str) -> Patch:
    """These checks say yes whatever they see."""

    def does(patch: pytest.MonkeyPatch) -> None:
        for id_ in ids:
            patch.setitem(checks._REGISTRY, id_, replace(checks.by_id(id_), ask=_yes))

    return does


def _yes(at: At) -> Answer:
    """Yes."""
    return ok("not looked at")


def forward(change: Callable[[str, Sequence[Item]], Sequence[Item]], method: str = "handover") -> Patch:
    """The recipe forward, each state's list changed: `change(state, items) -> items`."""
    return _list("forward", change, method)


def back(change: Callable[[str, Sequence[Item]], Sequence[Item]], method: str = "handover") -> Patch:
    """The way back, each state's list changed."""
    return _list("back", change, method)


def _list(which: str, change: Callable[[str, Sequence[Item]], Sequence[Item]], method: str) -> Patch:
    def does(patch: pytest.MonkeyPatch) -> None:
        known = recipes.methods()[method]
        whole = getattr(known, which)

        def changed(subject: object, found: object) -> Recipe:
            return {state: list(change(state, items)) for state, items in whole(subject, found).items()}

        made = replace(known, forward=changed) if which == "forward" else replace(known, back=changed)
        patch.setitem(recipes.methods(), method, made)

    return does


def without(*names: str) -> Callable[[str, Sequence[Item]], Sequence[Item]]:
    """A list without the items whose names begin so."""
    return lambda _, items: [item for item in items if not item.name.startswith(names)]


def unasked(*ids: str) -> Callable[[str, Sequence[Item]], Sequence[Item]]:
    """A list in which these checks are asked nowhere: not by themselves, and not before a step's attempts."""

    def change(_: str, items: Sequence[Item]) -> Sequence[Item]:
        out: list[Item] = []
        for item in items:
            if isinstance(item, Ask) and item.check in ids:
                continue
            asks = tuple(one for one in getattr(item, "asks", ()) if one not in ids)
            out.append(replace(item, asks=asks) if hasattr(item, "asks") else item)  # type: ignore[arg-type] # steps with `asks`, and Undo
        return out

    return change


def both(*patches: Patch) -> Patch:
    def does(patch: pytest.MonkeyPatch) -> None:
        for one in patches:
            one(patch)

    return does
