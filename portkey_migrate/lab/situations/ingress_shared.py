"""The app's Ingress has a second host: a route that leads two apps cannot be moved for one."""

from typing import Any

from portkey_migrate.lab.situations import Situation, committed
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    def shared(manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["kind"] != "Ingress":
            return manifest
        rules = manifest["spec"]["rules"]
        return {**manifest, "spec": {**manifest["spec"], "rules": [*rules, {**rules[0], "host": f"also-{rules[0]['host']}"}]}}

    committed(world, "source", app, shared)


SITUATION = Situation("ingress-shared", "The app's Ingress on the source has two hosts.", apply)
