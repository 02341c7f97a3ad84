"""An app's image goes by its tag alone, on the source as it runs (domain B93)."""

from typing import Any

from portkey_migrate.lab.situations import Situation, committed
from portkey_migrate.lab.world import World


def _tagged(manifest: dict[str, Any]) -> dict[str, Any]:
    if manifest["kind"] not in ("Deployment", "StatefulSet"):
        return manifest
    template = manifest["spec"]["template"]
    containers = [{**one, "image": one["image"].partition("@")[0]} for one in template["spec"]["containers"]]
    return {**manifest, "spec": {**manifest["spec"], "template": {**template, "spec": {**template["spec"], "containers": containers}}}}


def apply(world: World, app: str) -> None:
    committed(world, "source", app, _tagged)


SITUATION = Situation("image-by-tag", "An image of the source goes by its tag alone.", apply)
