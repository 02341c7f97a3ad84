"""The source's node ends its Pod and then says nothing more: its Lease stands still, and nobody knows whether it lives."""

from portkey_migrate.lab.ambush import at_the_scale
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import lease_stands_still
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    at_the_scale(world, "source", app, 0, lease_stands_still, "source")


SITUATION = Situation("lease-stands-still", "The source's node renews its Lease no more once its Pod was told to end.", apply, after="prepared")
