"""Somebody put a ConfigMap of their own into the app's namespace on the target, which its DELETE would take along."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    obj = {"kind": "ConfigMap", "metadata": {"name": "notes", "namespace": app}, "data": {"by": "somebody"}}
    world.store.create("target", "ConfigMap", posted(world, "target", obj), MAKER)


SITUATION = Situation(
    "namespace-not-empty", "The app's namespace on the target holds somebody's ConfigMap.", apply, after="prepared", then="rollback"
)
