"""The source's ingress loads nothing any more: its admission let a broken Ingress in, or its leader hangs."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World


def apply(world: World, _app: str) -> None:
    town(world).ingresses["source"].stuck = True


SITUATION = Situation("route-not-taken", "The source's ingress serves what it loaded last and loads nothing new.", apply, after="started")
