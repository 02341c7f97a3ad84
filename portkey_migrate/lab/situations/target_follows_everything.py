"""On the target whatever folder somebody adds gets an Application: the list of what may come is gone (domain B22)."""

from portkey_migrate.lab.argocd import NAMESPACE
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER, REPOSITORY


def apply(world: World, _app: str) -> None:
    revision = town(world).facts["clusters"]["target"]["argocd"]["revision"]
    if world.store.get("target", "ApplicationSet", NAMESPACE, "apps") is None:
        return
    generators = [{"git": {"repoURL": REPOSITORY, "revision": revision, "directories": [{"path": "apps/*"}]}}]
    world.store.patch("target", "ApplicationSet", NAMESPACE, "apps", {"spec": {"generators": generators}}, MAKER)


SITUATION = Situation("target-follows-everything", "The target's ApplicationSet takes every folder of Git.", apply)
