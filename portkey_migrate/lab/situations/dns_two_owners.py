"""external-dns runs on both clusters under one owner: each takes the other's records away for ever (real/ B2)."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import external_dns


def apply(world: World, _app: str) -> None:
    for cluster in ("source", "target"):
        if world.store.get(cluster, "Namespace", "", "external-dns") is None:
            external_dns(world, cluster, "portkey")


SITUATION = Situation("dns-two-owners", "external-dns of both clusters writes as one owner.", apply)
