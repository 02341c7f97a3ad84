"""A person set the source's PersistentVolume back to Delete: whoever deletes the claim then deletes the image (domain B40)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.storage import volumes
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    for volume in volumes(world, "source", app):
        world.store.patch("source", "PersistentVolume", "", volume["metadata"]["name"], {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}, MAKER)


SITUATION = Situation("reclaim-delete", "The source's PersistentVolume says Delete again.", apply, after="prepared")
