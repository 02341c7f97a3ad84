"""A Secret that the app reads is gone from the source: what runs has it still, what starts would not."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    world.store.delete("source", "Secret", app, f"{app}-secret", MAKER)


SITUATION = Situation("secret-missing", "A Secret that the app reads is not on the source.", apply)
