"""On the way back somebody else opens the image when the source's Pod starts."""

from portkey_migrate.lab.ambush import at_the_scale
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import somebody_opens
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    at_the_scale(world, "source", app, -1, somebody_opens, app)


SITUATION = Situation(
    "stray-watcher-at-source", "Somebody opens the app's image when the source's Pod starts again.", apply, after="protected", then="rollback"
)
