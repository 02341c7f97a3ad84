"""On the way back the target's Pod does not end: its process hangs in a write."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    town(world).sick["target", app] = "never-ends"


SITUATION = Situation("target-pod-lingers", "The target's Pod stays Terminating on the way back.", apply, after="protected", then="rollback")
