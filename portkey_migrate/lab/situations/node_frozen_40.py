"""The source's node stands still for 40 s right after its Pod was told to end, and then goes on: waited for, and moved."""

from portkey_migrate.lab.ambush import at_the_scale
from portkey_migrate.lab.frozen import freeze_where_it_runs
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    at_the_scale(world, "source", app, 0, freeze_where_it_runs, "source", app, 40.0)


SITUATION = Situation("node-frozen-40", "The source's node freezes for 40 s when its Pod is told to end.", apply, after="prepared", passes=True)
