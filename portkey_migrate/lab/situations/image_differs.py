"""The target's Git names another digest: a newer version would write what the old one cannot read (domain B93)."""

from typing import Any

from portkey_migrate.lab.situations import Situation, committed
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    def newer(manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["kind"] != "Deployment":
            return manifest
        template = manifest["spec"]["template"]
        containers = [{**one, "image": f"{one['image'].partition('@')[0]}@sha256:{'0123456789abcdef' * 4}"} for one in template["spec"]["containers"]]
        return {**manifest, "spec": {**manifest["spec"], "template": {**template, "spec": {**template["spec"], "containers": containers}}}}

    committed(world, "target", app, newer)


SITUATION = Situation("image-differs", "The target's Git names another image digest.", apply)
