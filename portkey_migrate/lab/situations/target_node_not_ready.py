"""A node of the target stopped speaking: its Lease is old and it is NotReady."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, _app: str) -> None:
    node = world.store.list("target", "Node")[-1]
    name = node["metadata"]["name"]
    town(world).silent["target", name] = world.now
    world.store.patch("target", "Node", "", name, {"metadata": {"annotations": {"situation": "target-node-not-ready"}}}, MAKER)


SITUATION = Situation("target-node-not-ready", "One node of the target is NotReady.", apply)
