"""The last scheduled run found an empty directory, and was Successful (domain §0.4, B02a)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.traps import empty_success
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    for source in world.store.list("source", "ReplicationSource", app):
        bites = empty_success.TRAP.bites(world)
        synced = {"lastSyncTime": stamp(world.now)} if bites else {}
        status = {**synced, "latestMoverStatus": {"result": empty_success.result(bites=bites), "logs": empty_success.WORDS}}
        world.store.patch("source", "ReplicationSource", app, source["metadata"]["name"], {"status": status}, MAKER)


SITUATION = Situation("backup-empty-but-successful", "The last backup said `Directory is empty`, and Successful.", apply, after="prepared")
