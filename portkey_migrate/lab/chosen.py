"""What the tool's own waiting cost (lab.md 10).

A fixed delay counts whole, a poll by the interval before the look that differed, a watch not at all.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from portkey_migrate.lab.sessions import Actor
from portkey_migrate.lab.world import World

#: What a list carries that changes though nothing was changed.
_ASIDE = ("resourceVersion", "continue", "remainingItemCount")


def digest(body: bytes) -> bytes:
    """What a look saw, without the version of the list."""
    try:
        seen: Any = json.loads(body)
    except ValueError:
        seen = None
    if isinstance(seen, dict) and "items" in seen:
        body = json.dumps(
            [seen["items"], {key: value for key, value in seen.get("metadata", {}).items() if key not in _ASIDE}], sort_keys=True
        ).encode()
    return hashlib.blake2b(body, digest_size=16).digest()


def slept(world: World, actor: Actor, seconds: float) -> None:
    """It begins to let time pass; what it let pass before is judged."""
    judged(world, actor)
    actor.slept, actor.slept_at, actor.same = seconds, world.now, False


def looked(world: World, actor: Actor, where: str, body: bytes) -> None:
    """It looked somewhere: after a sleep, at what it had seen before, this says what the sleep was worth."""
    saw = digest(body)
    before = actor.looks.get(where)
    actor.looks[where] = saw
    if not actor.slept or before is None:
        return
    if before == saw:
        actor.same = True
        return
    world.engine_log.append((actor.slept_at, "chose", actor.slept, 0.0))
    actor.slept = 0.0


def judged(world: World, actor: Actor) -> None:
    """It goes on to something else: a sleep after which no look had changed was a poll; one without a look was a fixed delay."""
    if actor.slept and not actor.same:
        world.engine_log.append((actor.slept_at, "chose", actor.slept, 0.0))
    actor.slept = 0.0
