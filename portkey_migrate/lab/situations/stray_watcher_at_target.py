"""When the target's Pod starts somebody else opens the image too."""

from portkey_migrate.lab.ambush import at_the_scale
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import somebody_opens
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    at_the_scale(world, "target", app, -1, somebody_opens, app)


SITUATION = Situation("stray-watcher-at-target", "Somebody opens the app's image when the target's Pod starts.", apply, after="prepared")
