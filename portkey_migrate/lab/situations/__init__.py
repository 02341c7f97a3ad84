"""What can be wrong in a world, one file a situation: the variation in which exactly one check must refuse (lab.md 20a).

A situation is put in between two commands. `after`: the state in which the app stands then ("" before the first command). `then`: the
command in which it bites, where that is not `advance`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from portkey_migrate.lab.argocd import NAMESPACE as ARGOCD
from portkey_migrate.lab.town import town

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

#: What a situation does before the first command has come to rest after this long: Argo CD has synced, Pods have turned.
SETTLES = 120.0


@dataclass(frozen=True)
class Situation:
    name: str
    says: str  # one sentence: what is wrong
    apply: Callable[[World, str], None]  # (world, app)
    after: str = ""
    then: Literal["advance", "rollback"] = "advance"
    passes: bool = False  # no check has to refuse: the move gets through it, or goes back by itself

    @property
    def when(self) -> str:
        """`before` the app is prepared, or `between` that and where it bites."""
        return "between" if self.after else "before"


@cache
def registry() -> dict[str, Situation]:
    """Every situation by name; a new file in this folder with a `SITUATION` is found by being there."""
    out: dict[str, Situation] = {}
    for module in pkgutil.iter_modules(__path__):
        found = getattr(importlib.import_module(f"{__name__}.{module.name}"), "SITUATION", None)
        if isinstance(found, Situation):
            out[found.name] = found
    return dict(sorted(out.items()))


def names() -> list[str]:
    return list(registry())


def apply(world: World, name: str, app: str = "") -> Situation:
    """Puts a situation in, for one app: the world's first where none is named, of a task the first with a backup. `KeyError`: an unknown name."""
    here = town(world)
    situation = registry()[name]
    apps = here.facts["apps"]
    # A task is about all apps: it is put in where there is most to be wrong.
    kept = [name for name, one in apps.items() if one.get("backup")] if app and app not in apps else []
    situation.apply(world, app if app in apps else next(iter(kept or apps)))
    if not situation.after:
        # It was so before the first command: what its own making cost counts for nobody.
        world.run_until(world.now + SETTLES)
        world.started = world.now
        here.users.begin(world)
    here.users.look(world)
    return situation


# ---- words that several situations use ----


def argocd_looks(world: World, cluster: str, app: str) -> None:
    """Somebody asks for a refresh of an Application."""
    patch = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    from portkey_migrate.lab.worlds.furnish import MAKER

    world.store.patch(cluster, "Application", ARGOCD, app, patch, MAKER)


def committed(world: World, cluster: str, app: str, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """A commit to what a cluster follows changed an app's manifests; each is given to `edit`, which returns the new one."""
    revision = town(world).facts["clusters"][cluster]["argocd"]["revision"]
    paths = town(world).git.revisions[revision]
    town(world).git.revisions[revision] = {**paths, f"apps/{app}": [edit(one) for one in paths[f"apps/{app}"]]}
    argocd_looks(world, cluster, app)
