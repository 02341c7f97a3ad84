"""On the way back the target's node ends its Pod and then says nothing more."""

from portkey_migrate.lab.ambush import at_the_scale
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import lease_stands_still
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    at_the_scale(world, "target", app, 0, lease_stands_still, "target")


SITUATION = Situation(
    "target-lease-stands-still", "The target's node renews its Lease no more on the way back.", apply, after="protected", then="rollback"
)
