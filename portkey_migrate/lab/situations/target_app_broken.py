"""The app on the target runs, is ready, and answers 500."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    town(world).sick["target", app] = 500


SITUATION = Situation("target-app-broken", "The app on the target answers 500.", apply, after="prepared")
