"""The target's ingress has no Pods: its address is announced, and nothing answers there."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World


def apply(world: World, _app: str) -> None:
    town(world).ingresses["target"].down = True


SITUATION = Situation("target-ingress-down", "Nothing answers at the target's ingress address.", apply)
