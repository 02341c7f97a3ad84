"""The application controller: compares with Git, heals, and runs operations, at the measured times (real/ A1, A7).

Its periodic resync (120-180 s) changes nothing that a change has not already woken it for, so it is no event.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab.argocd import FINALIZER, NAMESPACE, OPTIONS, REFRESH, TRACKING
from portkey_migrate.lab.argocd.compare import Resource, compare, overall
from portkey_migrate.lab.argocd.sync import apply, chosen
from portkey_migrate.lab.controllers import Controller, Key, Object, alive, either
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.town import town
from portkey_migrate.lab.traps import lost_operation, self_heal, stale_operation
from portkey_migrate.lab.truth import measured, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    measured("an operation: Running at once, its end clears .operation", "Argo CD 0.02 s to Running, about 1 s in all"),
    measured("a refresh annotation is taken away after 0.06 s", "Argo CD once"),
    measured("automation off has three spellings, each holds", "Argo CD watched for 4 min"),
    measured("Delete=false keeps a resource in a cascade, Prune=false does not", "Argo CD nine ways of removal, 4 claims each"),
    read("its own operations clear the old state", "argo-cd util/argo/argo.go:880 SetAppOperation"),
    measured("automation that is switched on again acts at once", "Argo CD healed after 0.22 s"),
)

WATCHED = (
    "Namespace", "Secret", "ConfigMap", "PersistentVolumeClaim", "Service", "Deployment", "StatefulSet", "Ingress",
    "PodDisruptionBudget", "ExternalSecret", "ReplicationSource", "ReplicationDestination",
)  # fmt: skip


@dataclass
class Running:
    """An operation in hand."""

    operation: Object  # as it is really run
    sent: Object  # as it stood in the spec when it began
    skip: bool  # the Sync phase is taken for done
    applies: float
    ends: float
    lines: list[Object] | None = None
    failed: tuple[str, ...] = ()


class Applications(Controller):
    """Every Application of one cluster."""

    name = "argocd-application-controller"
    kinds = frozenset({"Application", *WATCHED})

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.running: dict[str, Running] = {}
        self.refreshing: dict[str, float] = {}
        self.healed: dict[str, tuple[int, float]] = {}  # app → number of its last heal, when that sync ended

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        if kind == "Application":
            yield (either(old, new)["metadata"]["name"],), 0.02
            return
        seen = {one["metadata"].get("annotations", {}).get(TRACKING, "").partition(":")[0] for one in (old, new) if one is not None}
        for app in sorted(seen - {""}):
            yield (app,), world.rng(f"{self.cluster}/argocd/looks").uniform(0.05, 0.2)

    def act(self, world: World, now: float, key: Key) -> float | None:
        app = self.get(world, "Application", NAMESPACE, key[0])
        if app is None:
            self.running.pop(key[0], None)
            return None
        if not alive(app):
            return self._cascade(world, now, app)
        due = self._refreshed(world, now, app)
        if due is not None:
            return due
        app = self.get(world, "Application", NAMESPACE, key[0]) or app
        resources, fault = self._compared(world, app)
        if key[0] in self.running:
            return self._goes_on(world, now, app, resources)
        if app.get("operation"):
            return self._begins(world, now, app)
        app = self._says(world, now, app, resources, fault)
        return None if fault else self._automated(world, now, app, resources)

    # ---- comparing ----

    def _refreshed(self, world: World, now: float, app: Object) -> float | None:
        """The refresh annotation is taken away 0.06 s after it was seen."""
        name = app["metadata"]["name"]
        if REFRESH not in app["metadata"].get("annotations", {}):
            self.refreshing.pop(name, None)
            return None
        due = self.refreshing.setdefault(name, now + 0.06)
        if now < due:
            return due
        del self.refreshing[name]
        self.patch(world, app, {"metadata": {"annotations": {REFRESH: None}}})
        return None

    def _compared(self, world: World, app: Object, revision: str = "") -> tuple[list[Resource], str]:
        source, name = app["spec"]["source"], app["metadata"]["name"]
        manifests = town(world).git.manifests(revision or source["targetRevision"], source["path"])
        if manifests is None:
            return [], f"Failed to load target state: {source['path']}: app path does not exist"
        namespace = app["spec"]["destination"]["namespace"]
        ours = [
            one
            for kind in WATCHED
            for one in self.list(world, kind, namespace)
            if one["metadata"].get("annotations", {}).get(TRACKING, "").startswith(f"{name}:")
        ]
        return compare(name, manifests, namespace, lambda *at: self.get(world, *at), ours), ""

    def _says(self, world: World, now: float, app: Object, resources: list[Resource], fault: str) -> Object:
        """Writes status where it changed; `reconciledAt` moves only with it."""
        was = app.get("status", {})
        source = app["spec"]["source"]
        if fault:
            said: Object = {"sync": {"status": "Unknown"}, "conditions": [{"type": "ComparisonError", "message": fault}]}
        else:
            synced = all(one.status == "Synced" for one in resources)
            said = {
                "sync": {"status": "Synced" if synced else "OutOfSync", "revision": town(world).git.commit(source["targetRevision"])},
                "health": {"status": overall(resources)},
                "resources": [one.line() for one in resources],
                "conditions": [],
            }
        if all(was.get(field) == value for field, value in said.items()):
            return app
        return self.replace(world, {**app, "status": {**was, **said, "reconciledAt": stamp(now)}})

    # ---- operations ----

    def _begins(self, world: World, now: float, app: Object) -> float:
        left = app.get("status", {}).get("operationState")
        sent = app["operation"]
        bites = stale_operation.TRAP.bites(world) and left is not None
        operation = stale_operation.begun(left, sent) if bites else sent
        running = Running(
            operation=operation,
            sent=sent,
            skip=bites and stale_operation.skips_sync(left),
            applies=now + world.rng(f"{self.cluster}/argocd/applies").uniform(0.05, 0.2),
            ends=now + world.latency("argo-operation", self.cluster),
        )
        self.running[app["metadata"]["name"]] = running
        state: Object = {**(left or {}), "operation": operation, "phase": "Running", "startedAt": stamp(now), "message": None}
        state.pop("finishedAt", None)
        if operation.get("sync") is None:
            running.applies = running.ends = now + 0.05
        self.replace(world, {**app, "status": {**app.get("status", {}), "operationState": state}})
        return running.applies

    def _goes_on(self, world: World, now: float, app: Object, resources: list[Resource]) -> float | None:
        name = app["metadata"]["name"]
        running = self.running[name]
        sync = running.operation.get("sync") or {}
        if running.lines is None:
            if now < running.applies:
                return running.applies
            wanted = sync.get("revision") or ""
            if wanted:
                resources, _ = self._compared(world, app, wanted)
            options = [*app["spec"].get("syncPolicy", {}).get("syncOptions", ()), *sync.get("syncOptions", ())]
            picked = [] if running.skip else chosen(resources, sync.get("resources"))
            running.lines, failed = apply(world, self, picked, prune=bool(sync.get("prune")), options=options, dry=bool(sync.get("dryRun")))
            running.failed = tuple(failed)
            return running.ends
        if now < running.ends:
            return running.ends
        del self.running[name]
        self._ends(world, now, app, running)
        return now + 0.02

    def _ends(self, world: World, now: float, app: Object, running: Running) -> None:
        sync = running.operation.get("sync")
        revision = (sync or {}).get("revision") or app["spec"]["source"]["targetRevision"]
        commit = town(world).git.commit(revision)
        state = dict(app.get("status", {}).get("operationState") or {})
        if sync is None:
            phase, message = "Error", "Invalid operation request: no operation specified"
        elif not commit:
            phase, message = "Error", f"ComparisonError: Failed to load target state: unable to resolve '{revision}' to a commit SHA"
        elif running.failed:
            phase, message = "Failed", f"one or more objects failed to apply, reason: {running.failed[0]}"
        else:
            phase, message = "Succeeded", f"successfully synced ({'all tasks run' if running.lines else 'no more tasks'})"
        state.update(phase=phase, message=message, finishedAt=stamp(now))
        if sync is not None and commit:
            state["syncResult"] = {**(state.get("syncResult") or {}), "revision": commit, "resources": running.lines or []}
        status = {**app.get("status", {}), "operationState": state}
        if phase == "Succeeded" and not (sync or {}).get("dryRun"):
            history = status.get("history") or []
            entry = {"id": len(history), "revision": commit, "deployedAt": stamp(now), "initiatedBy": running.operation.get("initiatedBy", {})}
            status["history"] = [*history, entry][-10:]
        self.healed[app["metadata"]["name"]] = (int((sync or {}).get("autoHealAttemptsCount", 0)), now)
        ended = {**app, "status": status}
        if lost_operation.TRAP.bites(world) or app.get("operation") == running.sent:
            ended.pop("operation", None)
        self.replace(world, ended)

    def _automated(self, world: World, now: float, app: Object, resources: list[Resource]) -> float | None:
        """A new revision is synced, drift from one already synced is healed; neither while automation is off in any of its three spellings."""
        automated = app["spec"].get("syncPolicy", {}).get("automated")
        if automated is None or automated.get("enabled") is False:
            return None
        prune = bool(automated.get("prune"))
        drifted = [one for one in resources if one.status == "OutOfSync" and (prune or not one.prune)]
        if not drifted:
            return None
        commit, last = town(world).git.commit(app["spec"]["source"]["targetRevision"]), app["status"].get("operationState") or {}
        sync: dict[str, Any] = {"revision": commit, "prune": prune, "source": app["spec"]["source"]}
        if (last.get("syncResult") or {}).get("revision") == commit:
            if not automated.get("selfHeal") or not self_heal.TRAP.bites(world):
                return None
            attempts, finished = self.healed.get(app["metadata"]["name"], (0, float("-inf")))
            when, number = self_heal.not_before(attempts, finished, now)
            if now < when:
                return when
            sync |= {"autoHealAttemptsCount": number, "resources": [one.selector for one in drifted]}
        operation = {"initiatedBy": {"automated": True}, "retry": {"limit": 5}, "sync": sync}
        # SetAppOperation clears the old state: only operations sent by hand fall into the trap.
        begun = {**app, "operation": operation, "status": {key: value for key, value in app["status"].items() if key != "operationState"}}
        self.replace(world, begun)
        return now + 0.02

    # ---- deletion ----

    def _cascade(self, world: World, now: float, app: Object) -> float | None:
        """With Argo's finalizer the resources go first, whatever the policy; `Delete=false` keeps one, `Prune=false` does not (real/ A4)."""
        metadata = app["metadata"]
        if FINALIZER not in metadata.get("finalizers", ()):
            return None
        resources, _ = self._compared(world, app)
        left = False
        for one in resources:
            live = self.get(world, one.kind, one.namespace, one.name)
            if live is None or "Delete=false" in live["metadata"].get("annotations", {}).get(OPTIONS, ""):
                continue
            left = True
            if alive(live):
                self.delete(world, live)
        if left:
            return now + 0.2
        finalizers = [one for one in metadata["finalizers"] if one != FINALIZER]
        self.replace(world, {**app, "metadata": {**metadata, "finalizers": finalizers}})
        return None
