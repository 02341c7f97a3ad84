"""The last scheduled run found an empty directory, and was Successful (domain §0.4, B02a)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    for source in world.store.list("source", "ReplicationSource", app):
        logs = "=== Directory is empty skipping backup ===\nRestic completed in 0s"
        status = {"lastSyncTime": stamp(world.now), "latestMoverStatus": {"result": "Successful", "logs": logs}}
        world.store.patch("source", "ReplicationSource", app, source["metadata"]["name"], {"status": status}, MAKER)


SITUATION = Situation("backup-empty-but-successful", "The last backup said `Directory is empty`, and Successful.", apply, after="prepared")
