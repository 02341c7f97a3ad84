"""The app's image is named by its tag: on the day of the move that may be another version (domain B93)."""

from typing import Any

from portkey_migrate.lab.situations import Situation, committed
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    def tagged(manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["kind"] != "Deployment":
            return manifest
        template = manifest["spec"]["template"]
        containers = [{**one, "image": one["image"].partition("@")[0]} for one in template["spec"]["containers"]]
        return {**manifest, "spec": {**manifest["spec"], "template": {**template, "spec": {**template["spec"], "containers": containers}}}}

    committed(world, "source", app, tagged)


SITUATION = Situation("image-by-tag", "The app's image on the source is named by tag alone.", apply)
