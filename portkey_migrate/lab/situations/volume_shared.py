"""Somebody's Pod on the source has the app's claim mounted too: a shell that was left open, a copy job."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import claims
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    for claim in claims(world, "source", app):
        name = claim["metadata"]["name"]
        node = next((pod["spec"]["nodeName"] for pod in world.store.list("source", "Pod", app) if pod["spec"].get("nodeName")), "")
        spec = {
            "nodeSelector": {"kubernetes.io/hostname": node},
            "containers": [{"name": "shell", "image": next(iter(world.parts["town"].images))}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
        }
        pod = {"kind": "Pod", "metadata": {"name": f"look-into-{name}", "namespace": app, "labels": {"run": "shell"}}, "spec": spec}
        world.store.create("source", "Pod", posted(world, "source", pod), MAKER)


SITUATION = Situation("volume-shared", "A Pod of somebody else's mounts the app's claim on the source.", apply)
