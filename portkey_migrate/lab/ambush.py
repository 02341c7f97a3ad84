"""What happens in the very moment of one of the tool's own calls: the only way to be wrong at the right time (lab.md 20a, while moving).

An ambush waits for a call that changes something and acts once, just before that call lands or just after it has. It is data and a
module-level function, so that a copy of the world has it too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from portkey_migrate.lab.calls import Call
    from portkey_migrate.lab.world import World


@dataclass(frozen=True)
class Ambush:
    """`path`: how the request's path ends (a regex). `wants`: the value of spec.replicas that the body must set; -1: any above 0, None: whatever."""

    when: Literal["before", "after"]
    cluster: str
    method: str
    path: str
    act: Callable[..., None]  # (world, *args)
    args: tuple[Any, ...] = ()
    wants: int | None = None

    def meets(self, call: Call) -> bool:
        request = call.request
        if call.cluster != self.cluster or request.method != self.method or not re.search(self.path + "$", request.path):
            return False
        if self.wants is None:
            return True
        try:
            said = json.loads(request.body or b"{}").get("spec", {}).get("replicas")
        except (ValueError, AttributeError):
            return False
        return said is not None and (said > 0 if self.wants < 0 else said == self.wants)


def lay(world: World, ambush: Ambush) -> None:
    world.parts.setdefault("ambushes", []).append(ambush)


def spring(world: World, call: Call, when: str) -> None:
    """A call that changes something lands now, or has landed."""
    waiting = world.parts.get("ambushes")
    if not waiting or call.kind != "api" or not call.mutating:
        return
    for one in [one for one in waiting if one.when == when and one.meets(call)]:
        if when == "after" and getattr(call.response, "status", 500) >= 300:  # noqa: PLR2004 (refused: it did not happen)
            continue
        waiting.remove(one)
        one.act(world, *one.args)


def at_the_scale(world: World, cluster: str, app: str, to: int, act: Callable[..., None], *args: Any) -> None:
    """When the app's Deployment there has been scaled. `to`: 0, or -1 for any number above it."""
    lay(world, Ambush("after", cluster, "PATCH", rf"/namespaces/{app}/deployments/[^/]+(/scale)?", act, args, to))
