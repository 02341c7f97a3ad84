"""The source's claim has lost its volume: the Pod still has it mounted, and nothing that starts would get it."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import claims
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    for claim in claims(world, "source", app):
        world.store.patch("source", "PersistentVolumeClaim", app, claim["metadata"]["name"], {"status": {"phase": "Lost"}}, MAKER)


SITUATION = Situation("claim-not-bound", "The app's claim on the source is Lost.", apply)
