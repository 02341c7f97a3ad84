"""A claim lost its sync options: its Application, once deleted or moved out of the list, takes the volume along (domain B24)."""

from typing import Any

from portkey_migrate.lab.argocd import OPTIONS
from portkey_migrate.lab.situations import Situation, committed
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def _bare(manifest: dict[str, Any]) -> dict[str, Any]:
    if manifest["kind"] != "PersistentVolumeClaim":
        return manifest
    kept = {key: value for key, value in manifest["metadata"].get("annotations", {}).items() if key != OPTIONS}
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": kept}}


def apply(world: World, _app: str) -> None:
    for claim in list(world.store.list("source", "PersistentVolumeClaim")):
        namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
        if OPTIONS in claim["metadata"].get("annotations", {}):
            committed(world, "source", namespace, _bare)
            world.store.patch("source", "PersistentVolumeClaim", namespace, name, {"metadata": {"annotations": {OPTIONS: None}}}, MAKER)


SITUATION = Situation("claim-prunable", "A deleted Application takes its claim along.", apply)
