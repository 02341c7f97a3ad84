"""On the target the app would back up into the source's repository: its first backup drops the source's last (domain B06, B07)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    for wanted in world.store.list("source", "ExternalSecret", app):
        name, spec = wanted["metadata"]["name"], wanted["spec"]
        mine, theirs = (world.store.get(side, "Secret", app, spec["target"]["name"]) for side in ("source", "target"))
        if mine is None or theirs is None or world.store.get("target", "ExternalSecret", app, name) is None:
            continue
        world.store.patch("target", "ExternalSecret", app, name, {"spec": {"target": spec["target"]}}, MAKER)
        world.store.patch("target", "Secret", app, spec["target"]["name"], {"data": mine["data"]}, MAKER)


SITUATION = Situation("repository-not-own", "The app's restic repository on the target is the source's.", apply, after="routed")
