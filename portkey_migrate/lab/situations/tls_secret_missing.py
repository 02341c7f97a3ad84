"""The app's certificate is gone from the source: the way to the target could send no name (real/README.md §4.17)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    world.store.delete("source", "Secret", app, f"{app}-tls", MAKER)


SITUATION = Situation("tls-secret-missing", "The Ingress's TLS Secret is not on the source.", apply)
