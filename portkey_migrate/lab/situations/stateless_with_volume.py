"""An app that the plan calls stateless keeps data: by this method it would start empty on the other side (domain §0.9)."""

from typing import Any

from portkey_migrate.lab.situations import Situation, committed
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    def keeping(manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["kind"] != "Deployment":
            return manifest
        template = manifest["spec"]["template"]
        volumes = [{"name": "data", "hostPath": {"path": f"/var/lib/{app}", "type": "DirectoryOrCreate"}}]
        return {**manifest, "spec": {**manifest["spec"], "template": {**template, "spec": {**template["spec"], "volumes": volumes}}}}

    committed(world, "source", app, keeping)


SITUATION = Situation("stateless-with-volume", "The app's Deployment has a volume that outlives its Pod.", apply)
