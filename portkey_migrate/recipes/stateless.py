"""An app without data of its own: both sides run for a moment, the route moves between them, nobody is down either way."""

from __future__ import annotations

from collections.abc import Sequence

from portkey_migrate.model import App, Found
from portkey_migrate.recipes import Ask, Go, Item, Method, Recipe, Undo
from portkey_migrate.steps.fence import Fence
from portkey_migrate.steps.gitops import Hold, Release, StagedSync
from portkey_migrate.steps.namespace import CopySecret, MakeNamespace
from portkey_migrate.steps.traffic import ProbeIngress, ProxyEndpoints, ProxyService, Route
from portkey_migrate.steps.workload import Scale, scale


def _members(found: Found) -> tuple[tuple[str, str, int], ...]:
    return tuple((m.kind, m.name, m.replicas) for m in found.members)


def _secrets(found: Found) -> list[CopySecret]:
    names = [*found.secrets, *([found.tls_secret] if found.tls_secret else [])]
    return [CopySecret(found.namespace, name) for name in names]


def _up(found: Found, side: str) -> list[Scale]:
    return scale("target" if side == "target" else "source", found.namespace, _members(found), up=True)


def _down(found: Found, side: str) -> list[Scale]:
    return scale("target" if side == "target" else "source", found.namespace, _members(found), up=False)


def forward(app: App, found: Found) -> Recipe:
    ns = found.namespace
    return {
        "prepared": [
            MakeNamespace(ns),
            Fence("target", ns, on=True),
            *_secrets(found),
            StagedSync(found.application),
            *_down(found, "target"),
            ProxyService(ns),
            ProxyEndpoints(ns),
            ProbeIngress("target", ns),
            ProbeIngress("source", ns),
            Ask("target-ingress-answers"),
        ],
        "started": [Fence("target", ns, on=False), *_up(found, "target"), Ask("probe-answers")],
        "routed": [
            Hold("source", found.application),
            Ask("hold-holds"),
            Go(f"{app.name}: people come to Talos from here on; nobody is down, going back keeps everything. Go?"),
            Route(ns, found.ingress),
            Ask("seen-from-outside"),
        ],
        "protected": _down(found, "source"),
        "committed": [Ask("nothing-drifts-when-released"), Release(found.application)],
    }


def back(app: App, found: Found) -> Recipe:
    ns = found.namespace
    prepared: Sequence[Item] = [
        Undo(Release(found.application)),
        Hold("target", found.application),
        Ask("hold-holds"),
        *(Undo(step) for step in reversed(_down(found, "source"))),
        Ask("source-answers"),
        Undo(Route(ns, found.ingress)),
        Ask("seen-at-the-source"),
        Undo(Fence("target", ns, on=False)),
        *(Undo(step) for step in reversed(_up(found, "target"))),
        Undo(Hold("source", found.application)),
    ]
    planned: Sequence[Item] = [
        Undo(ProbeIngress("source", ns)),
        Undo(ProbeIngress("target", ns)),
        Undo(ProxyEndpoints(ns)),
        Undo(ProxyService(ns)),
        # Not the scale to 0: its undo would wait for Pods under the fence; the Deployment goes with the staged sync.
        Undo(StagedSync(found.application)),
        *(Undo(step) for step in reversed(_secrets(found))),
        Undo(Fence("target", ns, on=True)),
        Undo(MakeNamespace(ns), asks=("namespace-is-empty",)),
    ]
    return {"prepared": prepared, "planned": planned}


METHOD = Method(
    name="stateless",
    forward=forward,
    back=back,
    back_takes=0.0,
    down=(),
    words={
        "moves": "No data of its own; both sides run for a moment and the route moves between them.",
        "back": "lossless, nobody down",
    },
)
