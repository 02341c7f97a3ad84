"""Hands for the lab's world: somebody who writes to it, and looks at it later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portkey_migrate.lab import worlds
from portkey_migrate.lab.store import By
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.world import World

PERSON = By("somebody", session="1")


class Hand:
    """Somebody with every right, in one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def get(self, cluster: str, kind: str, namespace: str, name: str) -> Any:
        return self.world.store.get(cluster, kind, namespace, name)

    def make(self, cluster: str, obj: dict[str, Any]) -> Any:
        return self.world.store.create(cluster, obj["kind"], posted(self.world, cluster, obj), PERSON)

    def patch(self, cluster: str, kind: str, namespace: str, name: str, patch: dict[str, Any], token: str = "") -> Any:
        return self.world.store.patch(cluster, kind, namespace, name, patch, PERSON._replace(token=token))

    def delete(self, cluster: str, kind: str, namespace: str, name: str) -> Any:
        return self.world.store.delete(cluster, kind, namespace, name, PERSON)

    def scale(self, cluster: str, app: str, to: int) -> None:
        self.patch(cluster, "Deployment", app, app, {"spec": {"replicas": to}})

    def fence(self, cluster: str, app: str, pods: str) -> None:
        if self.get(cluster, "ResourceQuota", app, "pm-fence") is None:
            self.make(cluster, {"kind": "ResourceQuota", "metadata": {"name": "pm-fence", "namespace": app}, "spec": {"hard": {"pods": pods}}})
        else:
            self.patch(cluster, "ResourceQuota", app, "pm-fence", {"spec": {"hard": {"pods": pods}}})

    def hold(self, cluster: str, app: str) -> None:
        self.patch(cluster, "Application", "argocd", app, {"spec": {"syncPolicy": {"automated": None}}})

    def wait(self, seconds: float) -> None:
        self.world.run_until(self.world.now + seconds)

    def until(self, fact: Callable[[], bool], within: float = 60.0) -> float:
        """Seconds until a fact is so, event by event."""
        began = self.world.now
        while not fact():
            when = self.world.next_time
            assert when is not None, "nothing will happen any more"
            assert when <= began + within, f"not so within {within} s"
            self.world.step()
        return self.world.now - began

    def pods(self, cluster: str, app: str, *, ready: bool = False) -> list[Any]:
        from portkey_migrate.lab.controllers import alive
        from portkey_migrate.lab.controllers import ready as is_ready

        return [pod for pod in self.world.store.list(cluster, "Pod", app) if not ready or (is_ready(pod) and alive(pod))]


@pytest.fixture
def hand() -> Hand:
    return Hand(worlds.make("portkey", 7))


@pytest.fixture
def world(hand: Hand) -> World:
    return hand.world
