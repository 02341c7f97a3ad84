"""VolSync 0.14: Initial → Synchronizing → CleaningUp, for sources that back up and destinations that restore (domain B01-B15).

What it says of itself is what bites: the tag is copied at the end (B03), a success may have moved nothing (B02a, §0.4), a source syncs as
soon as it exists (B07), and its movers are Pods like any other: a fence stops them, and their Job tries again later.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portkey_migrate.lab import cron
from portkey_migrate.lab.ceph import ceph
from portkey_migrate.lab.controllers import Controller, Key, Object, alive, conditions, either, key_of, owned_by
from portkey_migrate.lab.controllers.quota import refusal
from portkey_migrate.lab.controllers.volumes import image_of, volume_of
from portkey_migrate.lab.restic import volsync
from portkey_migrate.lab.store import By, stamp
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.traps import empty_success, first_sync, keep_last_one, tag_adopted
from portkey_migrate.lab.truth import assumed, read

if TYPE_CHECKING:
    from portkey_migrate.lab.records import Records
    from portkey_migrate.lab.restic import Backup
    from portkey_migrate.lab.world import World

FACTS = (
    read("spec.trigger alone starts a sync, no annotation does", "volsync internal/controller/statemachine/machine.go:225 shouldSync"),
    read("manual goes before a schedule", "volsync internal/controller/statemachine/machine.go:83 getTrigger"),
    read("Synchronizing is the only condition", "volsync api/v1alpha1/common_types.go:66"),
    read("an unknown copyMethod is an error once the data has moved", "volsync internal/controller/volumehandler/volumehandler.go:133 EnsureImage"),
    read("a mover's Job that failed is made anew, without end", "volsync internal/controller/mover/restic/mover.go:607"),
    assumed("Error is where a run ends", "the real one tries again and says Error each time", "kinder"),
    assumed("without a trigger nothing syncs", "the real one begins again at once, for ever; no app here has that", "kinder"),
    assumed("a snapshot is ready after 1-3 s", "nobody timed it", "either"),
)

IMAGE = "quay.io/backube/volsync:0.14.0@sha256:5f6e7d8c9b0a1f2e3d4c5b6a79880716253443526170819a0b1c2d3e4f506172"
_LOCKED_AGAIN = 10.0
_BACK_OFF, _BACK_OFF_MOST = 10.0, 360.0  # a Job's own
_SOURCE, _DESTINATION = "ReplicationSource", "ReplicationDestination"
#: A VolumeSnapshot is ready this much later; the status of everything else follows within tens of milliseconds.
_SNAPSHOT = (1.0, 3.0)
_CLEAN = (0.5, 2.0)


@dataclass
class Run:
    """One sync in hand."""

    began: float
    tag: str  # spec.trigger.manual when it began
    stage: str = "begin"  # begin, copy, mover, runs
    until: float = 0.0
    content: Records = ()
    failures: int = 0


class VolSync(Controller):
    """Every ReplicationSource and ReplicationDestination of one cluster."""

    name = "volsync"
    kinds = frozenset({_SOURCE, _DESTINATION, "Pod", "PersistentVolumeClaim"})

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.runs: dict[Key, Run] = {}
        self.clean: dict[Key, float] = {}
        self.movers = 0

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind in (_SOURCE, _DESTINATION):
            if new is None:
                self._gone(world, (kind, *key_of(obj)))
            elif old is None or old["spec"] != new["spec"]:
                yield (kind, *key_of(obj)), world.rng(f"{self.cluster}/volsync").uniform(0.02, 0.2)
            return
        mine = obj["metadata"].get("labels", {}).get("volsync.backube/owner", "")
        if mine:
            yield (obj["metadata"]["labels"]["volsync.backube/kind"], obj["metadata"]["namespace"], mine), 0.05

    def act(self, world: World, now: float, key: Key) -> float | None:  # noqa: PLR0911 (the machine's states, one a line)
        mine = self.get(world, *key)
        if mine is None or not alive(mine):
            return None
        status = mine.get("status", {})
        said = next((one for one in status.get("conditions", ()) if one["type"] == "Synchronizing"), None)
        if said is None:
            if not first_sync.TRAP.bites(world) and not self._due(mine, now):
                return self._waits(world, now, mine)
            return self._begins(world, now, key, mine)
        if said["reason"] == "Error":
            return None
        if status.get("lastSyncStartTime"):
            return self._goes_on(world, now, key, mine)
        if said["reason"] == "CleaningUp":
            return self._cleans(world, now, key, mine)
        return self._begins(world, now, key, mine) if self._due(mine, now) else self._waits(world, now, mine)

    # ---- the machine ----

    def _due(self, mine: Object, now: float) -> bool:
        """Manual takes precedence over a schedule (domain B15); without a trigger it syncs all the time, here never."""
        trigger, status = mine["spec"].get("trigger") or {}, mine.get("status", {})
        if trigger.get("manual"):
            return bool(trigger["manual"] != status.get("lastManualSync"))
        return bool(trigger.get("schedule")) and now >= self._next(mine, now)

    def _next(self, mine: Object, now: float) -> float:
        last = mine.get("status", {}).get("lastSyncTime") or mine["metadata"].get("creationTimestamp")
        return cron.following(mine["spec"]["trigger"]["schedule"], _seconds(last) if last else now)

    def _begins(self, world: World, now: float, key: Key, mine: Object) -> float | None:
        self.runs[key] = Run(now, (mine["spec"].get("trigger") or {}).get("manual") or "")
        self._says(world, mine, now, "True", "SyncInProgress", {"lastSyncStartTime": stamp(now)})
        return now + 0.05

    def _waits(self, world: World, now: float, mine: Object) -> float | None:
        trigger = mine["spec"].get("trigger") or {}
        if trigger.get("manual") or not trigger.get("schedule"):
            self._says(world, mine, now, "False", "WaitingForManual", {"nextSyncTime": None})
            return None
        when = self._next(mine, now)
        self._says(world, mine, now, "False", "WaitingForSchedule", {"nextSyncTime": stamp(when)})
        return when

    def _goes_on(self, world: World, now: float, key: Key, mine: Object) -> float | None:
        run = self.runs.setdefault(key, Run(now, ""))
        if run.stage == "begin":
            run.stage, run.until = "copy", now + world.rng(f"{self.cluster}/volsync/copies").uniform(*_SNAPSHOT)
            if key[0] == _SOURCE:
                self._copies(world, key, mine)
        if run.stage == "copy":
            if now < run.until:
                return run.until
            if not self._copied(world, key, mine, run):
                return now + _BACK_OFF  # or woken by its claim
            run.stage = "mover"
        if run.stage == "mover":
            return self._mover(world, now, key, mine, run)
        if now < run.until:
            return run.until
        return self._ends(world, now, key, mine, run)

    def _mover(self, world: World, now: float, key: Key, mine: Object, run: Run) -> float | None:  # noqa: PLR0911 (what may hold a mover up, in its order)
        """A Job with one Pod; refused by a fence it comes again, later each time."""
        job = self.get(world, "Job", key[1], _job(key))
        if job is None:
            job = self.create(world, "Job", posted(world, self.cluster, self._job(key, mine)))
            if job is None:
                return now + _BACK_OFF
        pod = next((one for one in self.list(world, "Pod", key[1]) if _owned(one, key)), None)
        if pod is None or not alive(pod):
            if now < run.until:
                return run.until
            if pod is None and not refusal(world, self.cluster, key[1]):
                self.movers += 1
                self.create(world, "Pod", self._pod(world, key, job))
                return None
            run.failures += 1
            run.until = now + min(_BACK_OFF * 2.0 ** (run.failures - 1), _BACK_OFF_MOST)
            return run.until
        if pod.get("status", {}).get("phase") != "Running":
            return None  # woken by its Pod
        path = self._path(world, key, mine)
        repository = volsync(world).repository(path)
        if repository.lock and repository.lock != self._me(key):
            return now + _LOCKED_AGAIN  # repository is already locked: one lock for everybody who has this path (domain B06)
        repository.lock = self._me(key)
        jitter = world.latency("backup-jitter", self.cluster) if key[0] == _SOURCE else 0.0
        run.stage, run.until = "runs", now + jitter + world.latency("backup", self.cluster)
        return run.until

    def _ends(self, world: World, now: float, key: Key, mine: Object, run: Run) -> float | None:
        pod = next((one for one in self.list(world, "Pod", key[1]) if _owned(one, key)), None)
        if pod is None or not alive(pod):
            # Evicted or deleted in the middle: the Job makes another, and the lock stays with this source.
            run.stage, run.until = "mover", now
            return now + _BACK_OFF
        repository = volsync(world).repository(self._path(world, key, mine))
        if key[0] == _DESTINATION and (method := mine["spec"].get("restic", {}).get("copyMethod", "")) not in ("Direct", "Snapshot", "None"):
            # The data may be in the claim; the destination never completes, and no condition says Completed either (domain B02, B09).
            repository.lock = ""
            self._into(world, key, mine, repository.path)
            moved = {"latestMoverStatus": {"result": "Successful", "logs": _restored(repository.backups)}}  # the mover's own part went well
            self._says(world, mine, now, "False", "Error", moved, f"unsupported copyMethod: {method} -- must be Direct, None, or Snapshot")
            return None
        logs = self._backs_up(world, mine, run, repository.path) if key[0] == _SOURCE else self._restores(world, key, mine, repository.path)
        repository.lock = ""
        if logs == empty_success.WORDS and not empty_success.TRAP.bites(world):
            return self._fails(world, now, mine, run, pod, logs)
        ended = {**pod["status"], "phase": "Succeeded", "conditions": conditions(pod, {"type": "Ready", "status": "False"}, stamped=stamp(now))}
        world.store.replace(self.cluster, "Pod", {**pod, "status": ended}, By("kubelet"))
        mine = self.get(world, *key) or mine
        trigger = mine["spec"].get("trigger") or {}
        adopted = trigger.get("manual") if tag_adopted.TRAP.bites(world) else run.tag
        took = int(now - run.began)
        status = {
            "lastSyncTime": stamp(now),
            "lastSyncStartTime": None,
            "lastSyncDuration": f"{took // 60}m{took % 60}s" if took >= 60 else f"{took}s",  # noqa: PLR2004 (Go's way of writing a duration)
            "lastManualSync": adopted or None,
            "latestMoverStatus": {"result": "Successful", "logs": logs},
        }
        self._says(world, mine, now, "False", "CleaningUp", status)
        del self.runs[key]
        self.clean[key] = now + world.rng(f"{self.cluster}/volsync/cleans").uniform(*_CLEAN)
        return self.clean[key]

    def _fails(self, world: World, now: float, mine: Object, run: Run, pod: Object, logs: str) -> float:
        """Nothing is synced and no tag is copied: the Job makes another Pod, later each time."""
        said = {"latestMoverStatus": {"result": empty_success.result(bites=False), "logs": logs}}
        self._says(world, mine, now, "True", "SyncInProgress", said)
        self.delete(world, pod)
        run.failures += 1
        run.stage, run.until = "mover", now + min(_BACK_OFF * 2.0 ** (run.failures - 1), _BACK_OFF_MOST)
        return run.until

    def _cleans(self, world: World, now: float, key: Key, mine: Object) -> float | None:
        """Takes away what the sync made; only then it waits for the next trigger."""
        if now < self.clean.get(key, 0.0):
            return self.clean[key]
        self.clean.pop(key, None)
        self._sweeps(world, key)
        return self._begins(world, now, key, mine) if self._due(mine, now) else self._waits(world, now, mine)

    def _sweeps(self, world: World, key: Key) -> None:
        for kind, name in (("Job", _job(key)), ("PersistentVolumeClaim", _job(key)), ("VolumeSnapshot", _job(key))):
            there = self.get(world, kind, key[1], name)
            if there is not None and alive(there):
                volsync(world).kept.pop(there.get("status", {}).get("boundVolumeSnapshotContentName", ""), None)
                self.delete(world, there)
        for pod in self.list(world, "Pod", key[1]):
            if _owned(pod, key):
                self.delete(world, pod)

    def _gone(self, world: World, key: Key) -> None:
        self.runs.pop(key, None)
        for repository in volsync(world).repositories.values():
            if repository.lock == self._me(key):
                repository.lock = ""
        self._sweeps(world, key)

    def fires(self, world: World, kind: str, namespace: str, name: str) -> None:
        """Its schedule comes round at this instant, whatever it says."""
        mine = self.get(world, kind, namespace, name)
        if mine is not None and not mine.get("status", {}).get("lastSyncStartTime"):
            self.want((kind, namespace, name), self._begins(world, world.now, (kind, namespace, name), mine) or world.now)
            world.wake(self.name, world.now)

    # ---- the point in time ----

    def _copies(self, world: World, key: Key, mine: Object) -> None:
        """A snapshot of the claim and a claim made of it: the mover never opens the app's own image."""
        claim = self.get(world, "PersistentVolumeClaim", key[1], mine["spec"]["sourcePVC"])
        if claim is None:
            return
        labels = _labels(key)
        metadata = {"name": _job(key), "namespace": key[1], "labels": labels, "ownerReferences": [owned_by(mine)]}
        spec: Object = {"source": {"persistentVolumeClaimName": mine["spec"]["sourcePVC"]}, "volumeSnapshotClassName": "ceph-block"}
        self.create(world, "VolumeSnapshot", {"metadata": metadata, "spec": spec})
        source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": _job(key)}
        wanted = {key_: claim["spec"][key_] for key_ in ("accessModes", "storageClassName", "resources")}
        obj = {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {**wanted, "dataSourceRef": source}}
        self.create(world, "PersistentVolumeClaim", posted(world, self.cluster, obj))

    def _copied(self, world: World, key: Key, mine: Object, run: Run) -> bool:
        """The copy is there; what it holds is what the image held when the snapshot was taken."""
        if key[0] == _DESTINATION:  # a destinationPVC is never made: without it no mover starts (domain B09)
            wanted = mine["spec"].get("restic", {}).get("destinationPVC", "")
            return not wanted or self.get(world, "PersistentVolumeClaim", key[1], wanted) is not None
        snapshot = self.get(world, "VolumeSnapshot", key[1], _job(key))
        if snapshot is None:
            self._copies(world, key, mine)
            snapshot = self.get(world, "VolumeSnapshot", key[1], _job(key))
        if snapshot is None:
            return False
        if not snapshot.get("status", {}).get("readyToUse"):
            image = image_of(world, volume_of(world, self.cluster, key[1], mine["spec"]["sourcePVC"]))
            if image is None:
                return False
            run.content = ceph(world).content(world, image)
            self._ready(world, snapshot, run.content)
        claim = self.get(world, "PersistentVolumeClaim", key[1], _job(key))
        return claim is not None and claim.get("status", {}).get("phase") == "Bound"

    def _ready(self, world: World, snapshot: Object, content: Records) -> None:
        name = f"snapcontent-{snapshot['metadata']['uid']}"
        volsync(world).kept[name] = content
        status = {"readyToUse": True, "boundVolumeSnapshotContentName": name, "creationTime": stamp(world.now)}
        self.replace(world, {**snapshot, "status": status})

    # ---- what restic says ----

    def _backs_up(self, world: World, mine: Object, run: Run, path: str) -> str:
        empty = f"{self.cluster}/{mine['metadata']['namespace']}/{mine['metadata']['name']}" in volsync(world).empty
        if not run.content or empty:
            return empty_success.WORDS
        repository = volsync(world).repository(path)
        parent = f"using parent snapshot {repository.backups[-1].id}" if repository.backups else "no parent snapshot found, will read all files"
        saved = repository.save(world, run.content, self.cluster)
        retain = mine["spec"].get("restic", {}).get("retain")
        if retain or keep_last_one.TRAP.bites(world):
            repository.forget(retain)
        files = 180 + saved.t % 60 // 1
        lines = [parent, "Added to the repository: 1.214 MiB (402.118 KiB stored)", f"processed {files:.0f} files, 18.402 MiB in 0:02"]
        return "\n".join([*lines, f"snapshot {saved.id} saved", "Restic completed in 4s"])

    def _restores(self, world: World, key: Key, mine: Object, path: str) -> str:
        """A restore makes an image of what the newest backup holds, or of nothing, and is Successful both times (domain §0.4)."""
        backups = volsync(world).repository(path).backups
        now = world.now
        if self._into(world, key, mine, path):
            return _restored(backups)
        name = f"volsync-{key[2]}-dest-{stamp(now).translate(str.maketrans('', '', '-:TZ'))}"
        metadata = {"name": name, "namespace": key[1], "ownerReferences": [owned_by(mine)]}
        spec = {"source": {"persistentVolumeClaimName": _job(key)}, "volumeSnapshotClassName": "ceph-block"}
        made = self.create(world, "VolumeSnapshot", {"metadata": metadata, "spec": spec})
        if made is not None:
            self._ready(world, made, backups[-1].content if backups else ())
            image = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": name}
            self.patch(world, self.get(world, *key) or mine, {"status": {"latestImage": image}})
        return _restored(backups)

    def _into(self, world: World, key: Key, mine: Object, path: str) -> bool:
        """Restores over what a destinationPVC holds; False where it names none."""
        wanted = mine["spec"].get("restic", {}).get("destinationPVC", "")
        image = image_of(world, volume_of(world, self.cluster, key[1], wanted)) if wanted else None
        backups = volsync(world).repository(path).backups
        if image is not None and backups:
            image.base, image.since = backups[-1].content, world.now
        return bool(wanted)

    # ---- words ----

    def _says(self, world: World, mine: Object, now: float, status: str, reason: str, fields: Object, message: str = "") -> None:
        there = self.get(world, mine["kind"], *key_of(mine)) or mine
        turned = {"type": "Synchronizing", "status": status, "reason": reason, "message": message or _MESSAGES[reason]}
        said = conditions(there, turned, stamped=stamp(now))
        new = {key: value for key, value in {**there.get("status", {}), **fields, "conditions": said}.items() if value is not None}
        if new != there.get("status"):
            self.replace(world, {**there, "status": new})

    def _path(self, world: World, key: Key, mine: Object) -> str:
        secret = self.get(world, "Secret", key[1], mine["spec"].get("restic", {}).get("repository", "")) or {}
        return base64.b64decode(secret.get("data", {}).get("RESTIC_REPOSITORY", "")).decode() or f"/lost/{self.cluster}"

    def _me(self, key: Key) -> str:
        return f"{self.cluster}/{key[1]}/{key[2]}"

    def _job(self, key: Key, mine: Object) -> Object:
        metadata = {"name": _job(key), "namespace": key[1], "labels": _labels(key), "ownerReferences": [owned_by(mine)]}
        spec = {"backoffLimit": 8, "parallelism": 1, "template": {"metadata": {"labels": _labels(key)}, "spec": _mover(key)}}
        return {"kind": "Job", "metadata": metadata, "spec": spec, "status": {"active": 1}}

    def _pod(self, world: World, key: Key, job: Object) -> Object:
        suffix = f"{world.rng(f'{self.cluster}/volsync/names').getrandbits(25):05x}"[:5]
        metadata = {"name": f"{_job(key)}-{suffix}", "namespace": key[1], "labels": _labels(key), "ownerReferences": [owned_by(job)]}
        return {"metadata": metadata, "spec": {"terminationGracePeriodSeconds": 30, **_mover(key)}, "status": {"phase": "Pending"}}


_MESSAGES = {
    "SyncInProgress": "Synchronization in-progress",
    "CleaningUp": "Cleaning up",
    "WaitingForManual": "Waiting for manual trigger",
    "WaitingForSchedule": "Waiting for next scheduled synchronization",
}


def _restored(backups: list[Backup]) -> str:
    if not backups:
        return "No eligible snapshots found\n=== No data will be restored ===\nRestic completed in 0s"
    return f"restoring snapshot {backups[-1].id} of [/data] at {stamp(backups[-1].t)} by root@volsync to .\nRestic completed in 6s"


def _job(key: Key) -> str:
    return f"volsync-{'src' if key[0] == _SOURCE else 'dst'}-{key[2]}"


def _labels(key: Key) -> dict[str, str]:
    return {"app.kubernetes.io/created-by": "volsync", "volsync.backube/owner": key[2], "volsync.backube/kind": key[0], "job-name": _job(key)}


def _owned(pod: Object, key: Key) -> bool:
    labels = pod["metadata"].get("labels", {})
    return bool(labels.get("volsync.backube/owner") == key[2] and labels.get("volsync.backube/kind") == key[0])


def _mover(key: Key) -> Object:
    spec: Object = {"restartPolicy": "Never", "containers": [{"name": "restic", "image": IMAGE}]}
    if key[0] == _SOURCE:
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": _job(key)}}]
    return spec


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()
