"""The source's ApplicationSet ignores no difference: a hold would be taken back in 40 ms (domain B21)."""

from portkey_migrate.lab.argocd import NAMESPACE
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, _app: str) -> None:
    world.store.patch("source", "ApplicationSet", NAMESPACE, "apps", {"spec": {"ignoreApplicationDifferences": None}}, MAKER)


SITUATION = Situation("hold-not-tolerated", "The source's ApplicationSet takes a hold back.", apply)
