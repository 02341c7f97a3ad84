"""When the source's Pod has ended somebody has its image open: an `rbd map` on a Proxmox host, for a look at a file."""

from portkey_migrate.lab.ambush import at_the_scale
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import somebody_opens
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    at_the_scale(world, "source", app, 0, somebody_opens, app)


SITUATION = Situation("stray-watcher", "Somebody opens the app's image when the source's Pod is told to end.", apply, after="prepared")
