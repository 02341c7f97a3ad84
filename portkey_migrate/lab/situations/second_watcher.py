"""Two clients have the app's image open while it runs: which of them is its writer cannot be told."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import somebody_opens
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    somebody_opens(world, app)


SITUATION = Situation("second-watcher", "Somebody else has the app's image open too.", apply, after="prepared")
