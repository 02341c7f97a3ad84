"""The app's Pod on the target starts and never gets ready: the outage budget decides."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    town(world).sick["target", app] = "never-ready"


SITUATION = Situation("target-never-ready", "The app's Pod on the target never gets ready.", apply, after="prepared", passes=True)
