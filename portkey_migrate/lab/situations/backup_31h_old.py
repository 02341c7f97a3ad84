"""The newest backup is 31 hours old: the runs since then failed, and nobody looked."""

from portkey_migrate.lab.restic import volsync
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER

_AGE = 31 * 3600.0


def apply(world: World, app: str) -> None:
    for source in world.store.list("source", "ReplicationSource", app):
        logs = "Fatal: unable to open config file: stat /repository/config: stale NFS file handle\nIs there a repository at the following location?"
        status = {"lastSyncTime": stamp(world.now - _AGE), "latestMoverStatus": {"result": "Failed", "logs": logs}}
        world.store.patch("source", "ReplicationSource", app, source["metadata"]["name"], {"status": status}, MAKER)
    for repository in volsync(world).repositories.values():
        repository.backups = [one for one in repository.backups if one.t <= world.now - _AGE]


SITUATION = Situation("backup-31h-old", "The newest backup of the app is 31 hours old; the runs since failed.", apply)
