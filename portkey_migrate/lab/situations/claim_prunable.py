"""A claim goes with its Application: nothing says that it must not be pruned or deleted (domain B24)."""

from typing import Any

from portkey_migrate.lab.argocd import OPTIONS
from portkey_migrate.lab.situations import Situation, committed
from portkey_migrate.lab.situations.storage import claims
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    def bare(manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["kind"] != "PersistentVolumeClaim":
            return manifest
        return {**manifest, "metadata": {key: value for key, value in manifest["metadata"].items() if key != "annotations"}}

    committed(world, "source", app, bare)
    for claim in claims(world, "source", app):
        world.store.patch("source", "PersistentVolumeClaim", app, claim["metadata"]["name"], {"metadata": {"annotations": {OPTIONS: None}}}, MAKER)


SITUATION = Situation("claim-prunable", "The app's claim on the source may be pruned.", apply)
