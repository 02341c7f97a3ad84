"""No node of the target holds the app's image: the first start pulls it inside the outage."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, app: str) -> None:
    wanted = {one["image"].partition("@")[2] for deployment in world.store.list("source", "Deployment", app)
              for one in deployment["spec"]["template"]["spec"]["containers"]}  # fmt: skip
    for node in world.store.list("target", "Node"):
        held = node["status"].get("images", [])
        left = [one for one in held if not any(name.partition("@")[2] in wanted for name in one["names"] if "@" in name)]
        world.store.patch("target", "Node", "", node["metadata"]["name"], {"status": {"images": left}}, MAKER)


SITUATION = Situation("image-not-pulled", "The app's image is on no node of the target.", apply, after="prepared")
