"""What else happens in a play: people and programs that do something at the worst moment. Each is a function of the world, and acts in the lab.

Nothing here touches the tool. An intruder uses the lab's own ambushes and events, as its situations do, so that a copy of the world has it too.
"""

from __future__ import annotations

from portkey_migrate.lab.ambush import Ambush, at_the_scale, lay
from portkey_migrate.lab.ceph import ceph
from portkey_migrate.lab.controllers.volumes import image_of
from portkey_migrate.lab.latency import RANGES
from portkey_migrate.lab.situations.storage import STRANGER, STRANGERS_ADDRESS, volumes
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER
from tests.teeth.stage import APP

_HEALED = 4  # times in a row: the next heal comes 2 s * 3^3 = 54 s after this one


class Later:
    """The world's part `later`: what an intruder began ends."""

    def __init__(self, world: World) -> None:
        self.world = world

    def closes(self) -> None:
        for volume in volumes(self.world, "source", APP):
            image = image_of(self.world, volume)
            if image is not None:
                ceph(self.world).close(self.world, STRANGER, image)

    def stops(self) -> None:
        _scale(self.world, 0)

    def ends(self, cluster: str) -> None:
        town(self.world).sick.pop((cluster, APP), None)


def later(world: World, seconds: float, what: str, *args: str) -> None:
    world.parts.setdefault("later", Later(world))
    world.schedule(world.now + seconds, f"later.{what}", *args)


# ---- Argo CD in its back-off: it heals what was scaled only when the move is long past its checks ----


def argocd_was_busy(world: World) -> None:
    """Argo CD has just healed the source's app for the fourth time in a row when it is scaled to 0: somebody else works on it."""
    at_the_scale(world, "source", APP, 0, _has_just_healed, "source")


def argocd_was_busy_at_the_target(world: World) -> None:
    """The same on the target, when it is scaled to 0 on the way back."""
    at_the_scale(world, "target", APP, -1, at_the_scale, "target", APP, 0, _has_just_healed, "target")


def _has_just_healed(world: World, cluster: str) -> None:
    world.controllers[f"{cluster}/argocd-application-controller"].healed[APP] = (_HEALED, world.now)  # type: ignore[attr-defined] # that controller


# ---- somebody starts the source ----


def source_scaled_up_for_60(world: World) -> None:
    """When people come to Talos somebody scales the source's app up, and to 0 again a minute later."""
    lay(world, Ambush("after", "source", "PATCH", rf"/namespaces/{APP}/ingresses/[^/]+", _scaled_up, (60.0,)))


def _scaled_up(world: World, seconds: float) -> None:
    _scale(world, 1)
    later(world, seconds, "stops")


def _scale(world: World, replicas: int) -> None:
    for one in world.store.list("source", "Deployment", APP):
        world.store.patch("source", "Deployment", APP, one["metadata"]["name"], {"spec": {"replicas": replicas}}, MAKER)


# ---- Pods and volumes that take long ----


def source_pod_lingers(world: World) -> None:
    """The source's Pod does not end: its process hangs in a write."""
    at_the_scale(world, "source", APP, 0, _lingers, "source")


def slow_unmap(world: World) -> None:
    """A node takes 200 s from the end of a Pod until it has let go of its volume: it still has to flush. In this lab's process alone."""
    del world
    RANGES["detach"] = RANGES["detach"]._replace(low=200.0, high=200.0)


def target_pod_lingers_80(world: World) -> None:
    """On the way back the target's Pod takes 80 s to end."""
    at_the_scale(world, "target", APP, -1, at_the_scale, "target", APP, 0, _lingers, "target", 80.0)


def _lingers(world: World, cluster: str, seconds: float = 0.0) -> None:
    town(world).sick[cluster, APP] = "never-ends"
    if seconds:
        later(world, seconds, "ends", cluster)


# ---- somebody else has the image open ----


def somebody_writes_for_40(world: World) -> None:
    """When the target's fence is opened somebody mounts the image on a Proxmox host and writes to it, for 40 s."""
    lay(world, Ambush("after", "source", "PATCH", rf"/namespaces/{APP}/deployments/[^/]+(/scale)?", _when_the_fence_opens, wants=0))


def _when_the_fence_opens(world: World) -> None:
    lay(world, Ambush("after", "target", "PATCH", rf"/namespaces/{APP}/resourcequotas/[^/]+", _writes, (40.0,)))


def _writes(world: World, seconds: float) -> None:
    for volume in volumes(world, "source", APP):
        image = image_of(world, volume)
        if image is not None:
            ceph(world).open(world, STRANGER, STRANGERS_ADDRESS, image)
    later(world, seconds, "closes")
