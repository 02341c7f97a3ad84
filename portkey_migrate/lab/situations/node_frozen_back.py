"""Before the way back a Pod of the app is Terminating on a node of the source that stands still: it would write on beside a new one (design §3)."""

from typing import Any

from portkey_migrate.lab.controllers import owned_by
from portkey_migrate.lab.frozen import freeze
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    node = world.store.list("source", "Node")[0]["metadata"]["name"]
    freeze(world, "source", node)
    for own in world.store.list("source", "ReplicaSet", app):
        template: dict[str, Any] = own["spec"]["template"]
        labels, name = dict(template["metadata"]["labels"]), f"{own['metadata']['name']}-stays"
        pod = {
            "kind": "Pod",
            "metadata": {"name": name, "namespace": app, "labels": labels, "ownerReferences": [owned_by(own)]},
            "spec": {**template["spec"], "nodeName": node},
            "status": {"phase": "Running"},
        }
        world.store.create("source", "Pod", posted(world, "source", pod), MAKER)
        world.store.delete("source", "Pod", app, name, MAKER)


SITUATION = Situation(
    "node-frozen-back", "A Pod of the app is Terminating on a frozen node of the source.", apply, after="protected", then="rollback"
)
