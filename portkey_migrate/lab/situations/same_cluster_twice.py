"""Both contexts reach the source: a copied kubeconfig, or a VIP that flapped (domain B53)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World


def apply(world: World, _app: str) -> None:
    world.hosts["target.lab"] = "source"
    world.tokens["source"] = {**world.tokens["source"], **world.tokens["target"]}


SITUATION = Situation("same-cluster-twice", "Both contexts reach the source.", apply)
