"""VolumeAttachments: made when a Pod is scheduled, gone after its node has unmapped, forced off a node that is silent for six minutes.

ReadWriteOnce is held inside one cluster: a second node of it waits (`Multi-Attach error`). The other cluster is unknown here (domain B41).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, either, key_of
from portkey_migrate.lab.controllers.volumes import DRIVER, claims, image_of, volume_of
from portkey_migrate.lab.town import town
from portkey_migrate.lab.traps import force_detach
from portkey_migrate.lab.truth import assumed, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    read("a second node of one cluster waits: Multi-Attach error", "kubernetes pkg/controller/volume/attachdetach/reconciler/reconciler.go:396"),
    read("none goes while its node says that it is in use", "kubernetes pkg/controller/volume/attachdetach/reconciler/reconciler.go:240"),
    assumed("made as soon as its Pod has a node", "nobody timed it; KWOK makes none", "either"),
)

NAME = "attachdetach-controller"


class Attachments(Controller):
    name = NAME
    kinds = frozenset({"Pod", "PersistentVolumeClaim", "VolumeAttachment", "Node"})

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.comes: dict[str, float] = {}  # attachment → when it is attached
        self.goes: dict[str, float] = {}  # attachment → when it goes, its node having unmapped

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "Pod":
            if claims(obj):
                yield ("pod", *key_of(obj)), 0.02
        elif kind == "VolumeAttachment":
            yield ("attachment", obj["metadata"]["name"]), 0.02
            if new is None:  # somebody may have waited for it
                for pod in self.list(world, "Pod"):
                    if claims(pod):
                        yield ("pod", *key_of(pod)), 0.1
        elif kind == "Node":
            for one in self.list(world, "VolumeAttachment"):
                if one["spec"]["nodeName"] == obj["metadata"]["name"]:
                    yield ("attachment", one["metadata"]["name"]), 0.1

    def act(self, world: World, now: float, key: Key) -> float | None:
        if key[0] == "pod":
            self._pod(world, now, (key[1], key[2]))
            return None
        attachment = self.get(world, "VolumeAttachment", "", key[1])
        if attachment is None:
            self.comes.pop(key[1], None)
            self.goes.pop(key[1], None)
            return None
        return self._attachment(world, now, attachment)

    def unmapped(self, world: World, node: str, volume: str, later: float) -> None:
        """A node has unmapped: its attachment goes a little later."""
        name = attachment_name(node, volume)
        self.goes[name] = world.now + later
        self.want(("attachment", name), self.goes[name])
        world.wake(self.name, self.goes[name])

    def _pod(self, world: World, now: float, key: tuple[str, str]) -> None:
        pod = self.get(world, "Pod", *key)
        if pod is None or not alive(pod) or not pod["spec"].get("nodeName"):
            return
        node = pod["spec"]["nodeName"]
        for claim in claims(pod):
            volume = volume_of(world, self.cluster, key[0], claim)
            if volume is None or "csi" not in volume["spec"]:
                continue
            there = [one for one in self.list(world, "VolumeAttachment") if _volume(one) == volume["metadata"]["name"]]
            mine = next((one for one in there if one["spec"]["nodeName"] == node), None)
            if mine is not None or (there and "ReadWriteMany" not in volume["spec"]["accessModes"]):
                continue  # Multi-Attach error: the Pod stays ContainerCreating until the other one is gone
            name = attachment_name(node, volume["metadata"]["name"])
            self.comes[name] = now + 0.5 * world.latency("attach", f"{self.cluster}/attach")
            spec = {"attacher": DRIVER, "nodeName": node, "source": {"persistentVolumeName": volume["metadata"]["name"]}}
            self.create(world, "VolumeAttachment", {"metadata": {"name": name}, "spec": spec, "status": {"attached": False}})

    def _attachment(self, world: World, now: float, attachment: Object) -> float | None:  # noqa: PLR0911 (the controller's questions in their order)
        name, node, volume = attachment["metadata"]["name"], attachment["spec"]["nodeName"], _volume(attachment)
        used = self._used(world, node, volume)
        if not attachment["status"].get("attached") and used:
            if now < self.comes.get(name, 0.0):
                return self.comes[name]
            self.replace(world, {**attachment, "status": {"attached": True}})
            return None
        if used == "running":
            return None
        silent = town(world).silent.get((self.cluster, node))
        if silent is not None and force_detach.TRAP.bites(world):
            if now < silent + force_detach.AFTER:
                return silent + force_detach.AFTER
        elif used or silent is not None or self._mapped(world, node, volume):
            return None
        elif now < self.goes.get(name, 0.0):
            return self.goes[name]
        self.delete(world, attachment)
        return None

    def _mapped(self, world: World, node: str, volume: str) -> bool:
        image = image_of(world, self.get(world, "PersistentVolume", "", volume))
        return image is not None and (self.cluster, node) in image.clients

    def _used(self, world: World, node: str, volume: str) -> str:
        """`running`, `ending` or "": a Terminating Pod holds its volume as long as it is there."""
        found = ""
        for pod in self.list(world, "Pod"):
            if pod["spec"].get("nodeName") != node or pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
                continue
            for claim in claims(pod):
                stands = volume_of(world, self.cluster, pod["metadata"]["namespace"], claim)
                if stands is not None and stands["metadata"]["name"] == volume:
                    if alive(pod):
                        return "running"
                    found = "ending"
        return found


def attachment_name(node: str, volume: str) -> str:
    return "csi-" + hashlib.sha256(f"{volume}{DRIVER}{node}".encode()).hexdigest()


def _volume(attachment: Object) -> str:
    return str(attachment["spec"]["source"].get("persistentVolumeName", ""))
