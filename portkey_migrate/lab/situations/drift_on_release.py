"""Somebody changed the target's Service by hand during the soak: automation would take it away."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    service = world.store.get("target", "Service", app, app)
    if service is not None:
        ports = [{**port, "name": "web"} for port in service["spec"]["ports"]]
        world.store.patch("target", "Service", app, app, {"spec": {"ports": ports}}, MAKER)


SITUATION = Situation("drift-on-release", "The target's Service differs from Git.", apply, after="protected")
