"""A second ReplicationSource writes into the app's repository: each forgets and prunes what the other keeps (domain B06)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    for source in world.store.list("source", "ReplicationSource", app):
        status = {"lastManualSync": "once", "conditions": [{"type": "Synchronizing", "status": "False", "reason": "WaitingForManual"}]}
        metadata = {"name": f"{source['metadata']['name']}-copy", "namespace": app}
        made = {"kind": "ReplicationSource", "metadata": metadata, "spec": {**source["spec"], "trigger": {"manual": "once"}}, "status": status}
        world.store.create("source", "ReplicationSource", posted(world, "source", made), MAKER)


SITUATION = Situation("repository-shared", "Another ReplicationSource writes into the app's restic repository.", apply)
