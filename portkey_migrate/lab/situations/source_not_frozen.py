"""The source follows the target's branch: a commit that is meant for Talos reaches K3s, with prune (domain B23)."""

from portkey_migrate.lab.argocd import NAMESPACE
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, _app: str) -> None:
    revision = town(world).facts["clusters"]["target"]["argocd"]["revision"]
    spec = world.store.get("source", "ApplicationSet", NAMESPACE, "apps")["spec"]  # type: ignore[index] # every world has it
    generators = [{"git": {**one["git"], "revision": revision}} for one in spec["generators"]]
    patch = {"spec": {"generators": generators, "template": {"spec": {"source": {"targetRevision": revision}}}}}
    world.store.patch("source", "ApplicationSet", NAMESPACE, "apps", patch, MAKER)


SITUATION = Situation("source-not-frozen", "The source follows the target's branch.", apply)
