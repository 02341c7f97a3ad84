"""Somebody switched the target's Application to automated."""

from portkey_migrate.lab.argocd import NAMESPACE
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    world.store.patch("target", "Application", NAMESPACE, app, {"spec": {"syncPolicy": {"automated": {"prune": True}}}}, MAKER)


SITUATION = Situation("target-not-held", "The target's Application is automated.", apply)
