"""The same RBD image, re-bound: no byte is copied, no write is lost either way.

Down from the source's fence to the route. In each list the order is the rule: nothing waits for what a later item makes possible.
"""

from __future__ import annotations

from collections.abc import Sequence

from portkey_migrate.model import App, Found, Side
from portkey_migrate.plan.durations import spell
from portkey_migrate.recipes import Ask, Go, Item, Method, Recipe, Undo
from portkey_migrate.steps.ceph import Blocklist, RestorePoint
from portkey_migrate.steps.fence import Fence
from portkey_migrate.steps.gitops import Hold, Release, StagedSync, SyncSource
from portkey_migrate.steps.namespace import CopySecret, MakeNamespace
from portkey_migrate.steps.traffic import Close, ClosedService, ProbeIngress, ProxyEndpoints, ProxyService, Route
from portkey_migrate.steps.volsync import SafetyBackup
from portkey_migrate.steps.volume import MakeClaim, MakeVolume, Retain
from portkey_migrate.steps.workload import Scale, scale

#: Asked before every attempt to start the target, repeated or resumed: a done look is stale after a crash.
_NO_WRITER = ("source-is-quiet", "image-has-no-watcher", "node-answered")
#: A Pod of the source that has not ended would make the second writer when its Deployment is scaled up again.
_ENDED = ("source-pods-have-ended",)


def _scale(found: Found, side: Side, *, up: bool, asks: tuple[str, ...] = ()) -> list[Scale]:
    return scale(side, found.namespace, tuple((m.kind, m.name, m.replicas) for m in found.members), up=up, asks=asks)


def _secrets(found: Found) -> list[CopySecret]:
    names = [*found.secrets, *([found.tls_secret] if found.tls_secret else [])]
    return [CopySecret(found.namespace, name) for name in names]


def _backup(found: Found) -> list[Item]:
    if not found.backup:
        return []
    return [SafetyBackup(found.namespace, found.backup, ("volsync-is-idle",)), Ask("backup-is-real", 1800.0)]


def forward(app: App, found: Found) -> Recipe:
    ns, argo = found.namespace, found.application
    return {
        "prepared": [
            MakeNamespace(ns),
            Fence("target", ns, on=True),
            Fence("source", ns, on=False),
            *_secrets(found),
            *(Retain(v.claim) for v in found.volumes),
            *(MakeVolume(v.claim) for v in found.volumes),
            *(MakeClaim(v.claim) for v in found.volumes),
            StagedSync(argo),
            Ask("images-are-equal"),
            *_scale(found, "target", up=False),
            ProxyService(ns),
            ProxyEndpoints(ns),
            ClosedService(ns),
            ProbeIngress("target", ns),
            ProbeIngress("source", ns),
            Ask("target-ingress-answers"),
        ],
        "quiesced": [
            Hold("source", argo),
            Hold("target", argo),
            Ask("hold-holds"),
            *_backup(found),
            Ask("writer-is-known"),
            Go(
                # The braces are filled when it is asked, with what this app's earlier moves measured.
                f"{app.name}: Down {{down}} of {spell(app.outage)}. If anything fails before people write on Talos: back on K3s by itself, {{home}}, "
                "nothing lost. After that going back is lossless, {back}, until {node} leaves K3s or the image changes. Go?"
            ),
            Ask("hold-holds"),
            Fence("source", ns, on=True),
            *_scale(found, "source", up=False),
            Ask("source-is-quiet"),
            Ask("node-answered"),
            *(Blocklist(v.image) for v in found.volumes),
        ],
        "transferred": [RestorePoint(v.pool, v.image, "t0") for v in found.volumes],
        "started": [
            *(Ask(check) for check in _NO_WRITER),
            Fence("target", ns, on=False),
            *_scale(found, "target", up=True, asks=_NO_WRITER),
            Ask("one-watcher"),
            Ask("probe-answers"),
        ],
        "routed": [Route(ns, found.ingress), Ask("seen-from-outside")],
        "protected": [SyncSource(argo), Ask("target-backup-is-real", 1800.0)] if found.backup else [],
        "committed": [Ask("nothing-drifts-when-released"), Release(argo), Ask("one-watcher")],
    }


def back(app: App, found: Found) -> Recipe:
    ns, argo = found.namespace, found.application
    prepared: Sequence[Item] = [
        Undo(Release(argo)),
        Hold("target", argo),
        Ask("hold-holds"),
        Close(ns, found.ingress),
        Ask("answers-503"),
        Undo(Fence("target", ns, on=False)),
        *(Undo(step) for step in reversed(_scale(found, "target", up=True, asks=_NO_WRITER))),
        Ask("target-is-quiet"),
        Ask("target-node-answered"),
        *(RestorePoint(v.pool, v.image, "rb") for v in found.volumes),
        *(Undo(Blocklist(v.image), asks=_ENDED) for v in reversed(found.volumes)),
        Undo(Fence("source", ns, on=True), asks=_ENDED),
        *(Undo(step, asks=_ENDED) for step in reversed(_scale(found, "source", up=False))),
        Ask("source-has-the-one-watcher"),
        Ask("source-answers"),
        Undo(Route(ns, found.ingress), over=Close(ns, found.ingress)),
        Ask("seen-at-the-source"),
        Undo(SyncSource(argo)),
        *([Undo(SafetyBackup(ns, found.backup, ("volsync-is-idle",)))] if found.backup else []),
        # Not the hold on the target: it stays, for the app stands there ready to be moved again.
        Undo(Hold("source", argo)),
    ]
    planned: Sequence[Item] = [
        Undo(ProbeIngress("source", ns)),
        Undo(ProbeIngress("target", ns)),
        Undo(ClosedService(ns)),
        Undo(ProxyEndpoints(ns)),
        Undo(ProxyService(ns)),
        # Not the scale to 0: its undo would wait for Pods under the fence; the Deployment goes with the staged sync.
        Undo(StagedSync(argo)),
        *(Undo(MakeClaim(v.claim)) for v in reversed(found.volumes)),
        *(Undo(MakeVolume(v.claim)) for v in reversed(found.volumes)),
        *(Undo(Retain(v.claim)) for v in reversed(found.volumes)),
        *(Undo(step) for step in reversed(_secrets(found))),
        Undo(Fence("source", ns, on=False)),
        Undo(Fence("target", ns, on=True)),
        Undo(Hold("target", argo)),
        Undo(MakeNamespace(ns), asks=("namespace-is-empty",)),
    ]
    return {"prepared": prepared, "planned": planned}


METHOD = Method(
    name="handover",
    forward=forward,
    back=back,
    back_takes=60.0,
    down=("quiesced", "transferred", "started"),
    words={
        "moves": "The same volume, re-bound: nothing is copied, so nothing can be lost either way.",
        "back": "lossless (same volume), about a minute down",
        "proved": "same RBD image",
    },
    may_go_back=_ENDED,
)
