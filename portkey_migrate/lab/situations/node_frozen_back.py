"""Before the way back the node that had the app on the source stands still: nothing says that it would not write on (design §3)."""

from portkey_migrate.lab.frozen import freeze_where_it_runs
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    freeze_where_it_runs(world, "source", app, 400.0)


SITUATION = Situation("node-frozen-back", "The source's node freezes before the way back.", apply, after="protected", then="rollback")
