"""The target holds the app's Secret with another value in one key: a password that was rotated on one side only (domain B31)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER, secret_value


def apply(world: World, app: str) -> None:
    there = world.store.get("source", "Secret", app, f"{app}-secret")
    if there is None:
        return
    first = min(there["data"])
    world.store.create("target", "Namespace", posted(world, "target", {"kind": "Namespace", "metadata": {"name": app}}), MAKER)
    secret = {
        "kind": "Secret",
        "metadata": {"name": f"{app}-secret", "namespace": app},
        "data": {**there["data"], first: secret_value(world, "rotated")},
    }
    world.store.create("target", "Secret", posted(world, "target", secret), MAKER)


SITUATION = Situation("secret-differs", "One key of a Secret has another value on the target.", apply)
