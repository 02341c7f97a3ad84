"""The source follows a branch again: a commit meant for the target reaches K3s, with prune (domain B23)."""

from portkey_migrate.lab.argocd import NAMESPACE
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, _app: str) -> None:
    follows = town(world).facts["clusters"]["source"]["argocd"]["revision"]
    town(world).git.revisions["main"] = town(world).git.revisions[follows]  # it stands where the frozen one does, today
    there = world.store.get("source", "ApplicationSet", NAMESPACE, "apps")
    if there is None:
        return
    main = {"revision": "main"}
    generators = [{kind: {**of, **(main if kind == "git" else {})} for kind, of in one.items()} for one in there["spec"]["generators"]]
    template = {"spec": {"source": {"targetRevision": "main"}}}
    world.store.patch("source", "ApplicationSet", NAMESPACE, "apps", {"spec": {"generators": generators, "template": template}}, MAKER)


SITUATION = Situation("source-not-frozen", "The source's ApplicationSet follows a branch.", apply)
