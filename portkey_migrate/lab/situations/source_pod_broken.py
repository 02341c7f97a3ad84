"""The app comes up on the source again, is ready, and answers 500: nobody may be sent there."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    town(world).sick["source", app] = 500


SITUATION = Situation("source-pod-broken", "The app on the source answers 500.", apply, after="protected", then="rollback")
