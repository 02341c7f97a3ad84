"""Every node of the source was cordoned after the app was prepared: nothing could start there again."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, _app: str) -> None:
    for node in world.store.list("source", "Node"):
        world.store.patch("source", "Node", "", node["metadata"]["name"], {"spec": {"unschedulable": True}}, MAKER)


SITUATION = Situation("way-back-blocked", "No node of the source takes Pods.", apply, after="prepared")
