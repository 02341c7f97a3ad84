"""The secret generator runs on the target: while Vaultwarden is away it invents passwords and writes them back (domain B31)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, _app: str) -> None:
    home = "global-secrets"
    template = {"metadata": {"labels": {"app": home}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "generator:1"}]}}
    job = {"kind": "Job", "metadata": {"name": "secret-generator-29466", "namespace": home}, "spec": {"template": template}, "status": {"active": 1}}
    if world.store.get("target", "Namespace", "", home) is None:
        world.store.create("target", "Namespace", posted(world, "target", {"kind": "Namespace", "metadata": {"name": home}}), MAKER)
    world.store.create("target", "Job", posted(world, "target", job), MAKER)


SITUATION = Situation("secret-generator-runs", "A Job of the secret generator runs on the target.", apply)
