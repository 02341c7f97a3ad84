"""The VMs' snapshots are 25 hours old: what they would bring back is not what runs (limit 24 h)."""

from portkey_migrate.lab.pve import pve
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.no_vm_snapshot import ours
from portkey_migrate.lab.world import World

_AGE = 25 * 3600


def apply(world: World, _app: str) -> None:
    if "pve" in world.parts and not aged(world):
        pve(world).afterwards.append((aged_once, ()))


def aged(world: World) -> bool:
    there = ours(world)
    if len(there) < len(pve(world).vms):
        return False
    for vm in pve(world).vms.values():
        vm.snapshots = [one._replace(snaptime=int(world.now) - _AGE) if one.name == there[vm.vmid] else one for one in vm.snapshots]
    return True


def aged_once(world: World) -> None:
    if aged(world):
        pve(world).afterwards.remove((aged_once, ()))


SITUATION = Situation("vm-snapshot-too-old", "The VMs' snapshots are 25 hours old.", apply)
