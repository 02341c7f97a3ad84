"""One VM's snapshot is gone after the task that made it was done: somebody tidied up."""

from portkey_migrate.lab.pve import pve
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World


def apply(world: World, _app: str) -> None:
    if "pve" in world.parts and not tidied(world):
        pve(world).afterwards.append((tidied_once, ()))


def ours(world: World) -> dict[int, str]:
    """The newest snapshot of ours of each VM that has one."""
    return {vm.vmid: names[-1] for vm in pve(world).vms.values() if (names := [one.name for one in vm.snapshots if one.name.startswith("pm-")])}


def tidied(world: World) -> bool:
    """Once every VM has one, the first one's goes."""
    there = ours(world)
    if len(there) < len(pve(world).vms):
        return False
    first = min(there)
    pve(world).removed(pve(world).vms[first], there[first])
    return True


def tidied_once(world: World) -> None:
    if tidied(world):
        pve(world).afterwards.remove((tidied_once, ()))


SITUATION = Situation("no-vm-snapshot", "One VM's snapshot is gone after it was made.", apply)
