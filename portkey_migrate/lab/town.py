"""What lives in a world beside its clusters: Git, the resolver, the users, the people, and what is broken.

One part of the world under the name `town`; the controllers find it there. It also tells each controller of the changes that concern it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from portkey_migrate.lab.api.rules import addressed, admitted
from portkey_migrate.lab.argocd.git import Git
from portkey_migrate.lab.dns import Dns

if TYPE_CHECKING:
    from portkey_migrate.lab.controllers import Controller
    from portkey_migrate.lab.controllers.ingress import IngressController
    from portkey_migrate.lab.users import Users
    from portkey_migrate.lab.world import World

Object = dict[str, Any]


@dataclass
class Town:
    """Everything of a world that is no object of a cluster."""

    world: World
    facts: dict[str, Any]  # the world's file
    users: Users
    git: Git = field(default_factory=Git)
    images: dict[str, str] = field(default_factory=dict)  # reference → digest, as the registry answers
    dns: Dns = field(default_factory=Dns)
    ingresses: dict[str, IngressController] = field(default_factory=dict)
    sick: dict[tuple[str, str], str | int] = field(default_factory=dict)  # (cluster, namespace) → "never-ready", or the status its Pods answer with
    silent: dict[tuple[str, str], float] = field(default_factory=dict)  # (cluster, node) → since when it does nothing and says nothing
    inhabitants: list[Controller] = field(default_factory=list)

    def changed(self, cluster: str, kind: str, namespace: str, name: str, old: Object | None, new: Object | None) -> None:
        """A change in a store: whom it concerns notes it, and is woken when it wants to look."""
        for one in self.inhabitants:
            if one.cluster == cluster and kind in one.looks_at:
                due = one.touch(self.world, kind, namespace, name, old, new)
                if due is not None:
                    self.world.wake(one.name, due)

    def settle(self, controller: Controller) -> None:
        """A controller moves in: it hears of every change, and looks once at everything that stands."""
        self.inhabitants.append(controller)
        self.world.add(cast("Any", controller))  # woken by `changed` alone: its `kinds` are empty here
        for kind in sorted(controller.looks_at):
            for obj in self.world.store.list(controller.cluster, kind):
                metadata = obj["metadata"]
                due = controller.touch(self.world, kind, metadata.get("namespace", ""), metadata["name"], None, obj)
                if due is not None:
                    self.world.wake(controller.name, due)


class Pods:
    """The world's part `pods`: what a Pod says when the API server's proxy asks it."""

    def answers(self, world: World, cluster: str, namespace: str, name: str, port: int, path: str) -> tuple[int, Mapping[str, str], bytes] | None:
        from portkey_migrate.lab.traffic import pod_answers

        return pod_answers(world, cluster, namespace, name, port, path)


def town(world: World) -> Town:
    return cast("Town", world.parts["town"])


def posted(world: World, cluster: str, obj: Object) -> Object:
    """An object as it would stand if it had been posted: the server's defaults and addresses filled in."""
    kind = obj["kind"]
    return addressed(world.store, cluster, kind, admitted(kind, obj))
