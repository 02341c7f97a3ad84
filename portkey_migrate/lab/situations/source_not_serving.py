"""The app wants two Pods on the source and only one is ready: people are served, and it is not well."""

from typing import Any

from portkey_migrate.lab.situations import Situation, committed
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    def doubled(manifest: dict[str, Any]) -> dict[str, Any]:
        return {**manifest, "spec": {**manifest["spec"], "replicas": 2}} if manifest["kind"] == "Deployment" else manifest

    town(world).sick["source", app] = "never-ready"
    committed(world, "source", app, doubled)


SITUATION = Situation("source-not-serving", "One of two Pods of the app is not ready on the source.", apply)
