"""On the target a claim of that name stands, bound to another volume: an older try, filled by a restore of some backup (domain B08)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import claims
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    for claim in claims(world, "source", app):
        spec = {key: claim["spec"][key] for key in ("accessModes", "resources", "storageClassName")}
        made = {"kind": "PersistentVolumeClaim", "metadata": {"name": claim["metadata"]["name"], "namespace": app}, "spec": spec}
        if world.store.get("target", "Namespace", "", app) is None:
            world.store.create("target", "Namespace", posted(world, "target", {"kind": "Namespace", "metadata": {"name": app}}), MAKER)
        world.store.create("target", "PersistentVolumeClaim", posted(world, "target", made), MAKER)


SITUATION = Situation("claim-name-taken", "A claim of the app's name stands on the target, bound to another volume.", apply)
