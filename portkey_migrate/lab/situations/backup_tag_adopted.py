"""The schedule comes round between our look and our patch: our tag would be copied to a sync that began before we asked (domain B03)."""

from portkey_migrate.lab.ambush import Ambush, lay
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    lay(world, Ambush("before", "source", "PATCH", rf"/namespaces/{app}/replicationsources/[^/]+", fires, (app,)))


def fires(world: World, app: str) -> None:
    for source in world.store.list("source", "ReplicationSource", app):
        world.controllers["source/volsync"].fires(world, "ReplicationSource", app, source["metadata"]["name"])  # type: ignore[attr-defined] # of that name


SITUATION = Situation("backup-tag-adopted", "A scheduled backup begins in the moment in which ours is asked for.", apply, after="prepared")
