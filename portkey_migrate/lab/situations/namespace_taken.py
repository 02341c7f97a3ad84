"""Something else runs in the app's namespace on the target."""

from typing import Any

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    labels = {"app": "somebody"}
    image = next(iter(world.parts["town"].images))
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    wanted: tuple[dict[str, Any], ...] = (
        {"kind": "Namespace", "metadata": {"name": app}},
        {"kind": "Deployment", "metadata": {"name": "somebody", "namespace": app}, "spec": spec},
    )
    for obj in wanted:
        world.store.create("target", obj["kind"], posted(world, "target", obj), MAKER)


SITUATION = Situation("namespace-taken", "Somebody else's Deployment runs in the app's namespace on the target.", apply)
