"""The target's first backup finds an empty directory, and is Successful: the app would count as protected and is not."""

from portkey_migrate.lab.restic import volsync
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    for source in world.store.list("source", "ReplicationSource", app):
        volsync(world).empty.add(f"target/{app}/{source['metadata']['name']}")


SITUATION = Situation("target-backup-empty", "The target's first backup says `Directory is empty`, and Successful.", apply, after="routed")
