"""No retain is rendered: restic keeps one snapshot, whatever the page says (domain B05)."""

from typing import Any

from portkey_migrate.lab.situations import Situation, committed
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    def bare(manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["kind"] != "ReplicationSource":
            return manifest
        restic = {key: value for key, value in manifest["spec"]["restic"].items() if key != "retain"}
        return {**manifest, "spec": {**manifest["spec"], "restic": restic}}

    committed(world, "source", app, bare)
    for source in world.store.list("source", "ReplicationSource", app):  # server-side apply takes away what its owner no longer names
        world.store.patch("source", "ReplicationSource", app, source["metadata"]["name"], {"spec": {"restic": {"retain": None}}}, MAKER)


SITUATION = Situation("retain-missing", "The app's ReplicationSource has no retain.", apply)
