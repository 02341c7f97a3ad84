"""The target's Rook speaks to another Ceph: same class, same pool's name, other monitors."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER


def apply(world: World, _app: str) -> None:
    name = "rook-ceph-mon-endpoints"
    if world.store.get("target", "ConfigMap", "rook-ceph", name) is not None:
        world.store.patch("target", "ConfigMap", "rook-ceph", name, {"data": {"data": "a=10.9.0.1:6789,b=10.9.0.2:6789,c=10.9.0.3:6789"}}, MAKER)


SITUATION = Situation("other-ceph", "The target uses the monitors of another Ceph.", apply)
