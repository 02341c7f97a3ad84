"""A node that stands still: nothing on it runs, nothing is said, and after a while it goes on as if nothing had been (real/README.md §4.19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portkey_migrate.lab.ceph import ceph
from portkey_migrate.lab.town import town
from portkey_migrate.lab.truth import assumed, measured

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    measured("a frozen node's Pod and attachment stay until it thaws", "Kubernetes a stand-in, frozen 40 s"),
    assumed("it freezes as a whole and goes on as if nothing had been", "a VM that is paused; a host under load is neither", "either"),
)

_LOOKS = ("node-lifecycle-controller", "attachdetach-controller")


class Nodes:
    """The world's part `nodes`: what an event calls when a node thaws."""

    def __init__(self, world: World) -> None:
        self.world = world

    def thaw(self, cluster: str, node: str) -> None:
        thaw(self.world, cluster, node)


def freeze(world: World, cluster: str, node: str, seconds: float | None = None) -> None:
    """For so many seconds, or for good."""
    if (cluster, node) in town(world).silent:
        return
    town(world).silent[cluster, node] = world.now
    ceph(world).froze(world, (cluster, node))
    _look(world, cluster, node)
    town(world).users.look(world)
    if seconds is not None:
        world.schedule(world.now + seconds, "nodes.thaw", cluster, node)


def thaw(world: World, cluster: str, node: str) -> None:
    if town(world).silent.pop((cluster, node), None) is None:
        return
    ceph(world).thawed(world, (cluster, node))
    _look(world, cluster, node)
    town(world).users.look(world)


def freeze_where_it_runs(world: World, cluster: str, app: str, seconds: float | None = None) -> None:
    """The node of the app's Pods, Terminating ones too; where it has none, the nodes that had it."""
    nodes = {pod["spec"].get("nodeName", "") for pod in world.store.list(cluster, "Pod", app)} - {""}
    if not nodes:
        templates = [one["spec"]["template"]["spec"] for one in world.store.list(cluster, "Deployment", app)]
        images = {container["image"] for one in templates for container in one["containers"]}
        pulled = world.controllers[f"{cluster}/kubelet"].pulled  # type: ignore[attr-defined] # the controller of that name
        nodes = {node for node, had in pulled.items() if images & had}
    for node in sorted(nodes):
        freeze(world, cluster, node, seconds)


def _look(world: World, cluster: str, node: str) -> None:
    """Controllers that go by what a node says look at it now."""
    for name in _LOOKS:
        controller = world.controllers.get(f"{cluster}/{name}")
        if controller is not None:
            due = controller.touch(world, "Node", "", node, None, world.store.get(cluster, "Node", "", node))  # type: ignore[attr-defined] # ours all have it
            if due is not None:
                world.wake(controller.name, due)
