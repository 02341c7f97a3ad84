"""The app's backups: fresh, real, more than one, by one writer. A backup that nobody looked into is a hope, so each says what it was judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from portkey_migrate.checks import check
from portkey_migrate.checks.app import found_of
from portkey_migrate.checks.schedules import interval
from portkey_migrate.model import Answer, Ref, block, dig, not_yet, ok, unknown, warn
from portkey_migrate.systems.at import At
from portkey_migrate.systems.volsync import begun_at, idle, saved

HANDOVER = ("handover",)
_KEEPS = 3
_KEPT = ("hourly", "daily", "weekly", "monthly", "yearly", "last")
_RETAIN = 'commit to its values: replicationSource: {retain: {last: "3", daily: 7, weekly: 4}}'
_NONE = "no ReplicationSource backs it up; the restore point inside the move is the only way back in time"
_REPOSITORY = "RESTIC_REPOSITORY"


def _source(at: At) -> Mapping[str, Any] | None:
    found = found_of(at)
    return at.get(Ref("source", "ReplicationSource", found.namespace, found.backup)).object if found.backup else None


def _gone(at: At) -> Answer:
    """Without a backup from the beginning there is nothing to judge; one that was there and went is another matter."""
    found = found_of(at)
    if found.backup:
        return block(f"ReplicationSource {found.namespace}/{found.backup} is gone from the source", cluster="source")
    return warn(_NONE, "commit a ReplicationSource for it", value="none", cluster="source")


@check(
    guards=("prepared", "quiesced"), methods=HANDOVER, situation="backup-31h-old", asked_of=("source",), sources="domain 3.3 no. 26, B01"
)  # fmt: skip
def backup_is_fresh(at: At) -> Answer:
    """The newest backup of the source that ended is no older than two of its schedule's intervals."""
    source = _source(at)
    if source is None:
        return _gone(at)
    ended = dig(source, "status.lastSyncTime")
    schedule = str(dig(source, "spec.trigger.schedule") or "")
    every = interval(schedule, at.now()) or timedelta(days=1)
    limit = 2 * every
    fix = f"kubectl get replicationsource -n {found_of(at).namespace} -o yaml; kubectl logs of its mover say why"
    if not ended:
        return block("no backup has ever ended", fix, value="never", threshold=_span(limit), cluster="source")
    age = at.now() - datetime.fromisoformat(str(ended))
    seen = {"value": _span(age), "threshold": _span(limit), "schedule": schedule, "ended": str(ended), "cluster": "source"}
    if age > limit:
        return block(f"the newest backup is {_span(age)} old, {_span(limit)} is the limit (schedule {schedule or 'none'})", fix, **seen)
    return ok(f"{_span(age)} old, limit {_span(limit)}", **seen)


def _span(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    return f"{minutes // 60}h {minutes % 60:02d}m" if minutes >= 60 else f"{minutes}m"  # noqa: PLR2004 (an hour)


@check(
    guards=("quiesced",), methods=HANDOVER, situation="backup-empty-but-successful", when="between", asked_of=("source",), within=1800.0,
    sources="domain 3.3 no. 27, B02a, §0.4",
)  # fmt: skip
def backup_is_real(at: At) -> Answer:
    """The newest backup of the source kept something: its mover's log names a snapshot; successful alone is said of nothing too."""
    source = _source(at)
    if source is None:
        return _gone(at)
    status = dig(source, "status") or {}
    found = found_of(at)
    mine = at.begun.get(f"safety-backup:source/{found.backup}")
    tag = (mine.after or {}).get("spec.trigger.manual") if mine is not None else None
    if tag and dig(source, "spec.trigger.manual") == tag and status.get("lastManualSync") != tag:
        watch = Ref("source", "ReplicationSource", found.namespace, "")
        return not_yet("the safety backup has not ended", watch=watch, waits_for="the safety backup", cluster="source")
    answer = saved(status)
    return Answer(answer.verdict, {"threshold": "snapshot ID saved", "cluster": "source", **_about(status), **answer.values}, answer.why, _look(at))


def _about(status: Mapping[str, Any]) -> dict[str, Any]:
    began = begun_at(status)
    said = {"value": dig(status, "latestMoverStatus.result"), "ended": status.get("lastSyncTime"), "tag": status.get("lastManualSync")}
    return {**said, "begun": None if began is None else datetime.fromtimestamp(began, tz=UTC).isoformat()}


def _look(at: At) -> str:
    found = found_of(at)
    return f"kubectl get replicationsource {found.backup} -n {found.namespace} -o jsonpath='{{.status.latestMoverStatus.logs}}'"


@check(guards=("prepared", "quiesced"), methods=HANDOVER, situation="retain-missing", asked_of=("source",), sources="domain 3.3 no. 29, B05")
def backup_keeps_three(at: At) -> Answer:
    """What is committed keeps at least three backups: without `retain` restic keeps one, and one empty run drops all history."""
    source = _source(at)
    if source is None:
        return _gone(at)
    retain = dig(source, "spec.restic.retain") or {}
    kept = sum(int(retain.get(key) or 0) for key in _KEPT)
    seen = {"value": kept or 1, "threshold": _KEEPS, "cluster": "source"}
    if kept < _KEEPS:
        rendered = "" if retain else " (no retain rendered)"  # restic forgets all but the last one then, which nobody has asked for
        return block(f"restic keeps {kept or 1} snapshot{'s' if kept > 1 else ''}, not {_KEEPS} or more{rendered}", _RETAIN, **seen)
    return ok(f"keeps {', '.join(f'{retain[key]} {key}' for key in _KEPT if retain.get(key))}", **seen)


@check(guards=("quiesced",), methods=HANDOVER, situation="backup-tag-adopted", when="moving", asked_of=("source",), sources="domain 3.3 no. 35, B03")
def volsync_is_idle(at: At) -> Answer:
    """No backup of the app runs: a tag set while one does is taken for it when it ends, with a copy from before we asked."""
    source = _source(at)
    if source is None:
        return _gone(at)
    free, reason = idle(source)
    seen = {"value": reason, "threshold": "no lastSyncStartTime", "cluster": "source"}
    if at.key and dig(source, "spec.trigger.manual") == f"{at.key}-backup":
        return ok("the sync that runs is the one that we asked for: a request without reply has landed", **seen)
    if not free:
        since = dig(source, "status.lastSyncStartTime") or "a moment ago"
        return block(f"a backup runs since {since} ({reason})", "wait until it has ended, then the same command", **seen)
    return ok(f"idle ({reason})", **seen)


@check(guards=("quiesced", "protected"), methods=HANDOVER, situation="repository-shared", sources="domain 3.3 no. 31, B06")
def restic_has_one_writer(at: At) -> Answer:
    """No other ReplicationSource of either side writes into the app's repository: two forget and prune each other's backups."""
    found = found_of(at)
    if not found.backup:
        return _gone(at)
    mine = _repository(at, "source", found.namespace, found.backup)
    if mine is None:
        return unknown(f"the repository of {found.backup} is not known: its Secret has no {_REPOSITORY}", cluster="source")
    others = [
        f"{side} {one['metadata']['namespace']}/{one['metadata']['name']}"
        for side in ("source", "target")
        for one in at.list(side, "ReplicationSource", found.namespace)
        if (side, one["metadata"]["name"]) != ("source", found.backup) and _repository(at, side, found.namespace, one["metadata"]["name"]) == mine
    ]
    seen = {"value": 1 + len(others), "threshold": 1, "cluster": "both"}
    if others:
        return block(f"{', '.join(others)} writes into the same repository", _OWN, **seen)
    return ok(f"{found.backup} alone", **seen)


_OWN = "commit for the target: RESTIC_REPOSITORY: /repository/NAME-talos (one path a cluster and claim)"


def _repository(at: At, side: str, namespace: str, name: str) -> str | None:
    """The HMAC of where a ReplicationSource writes: never the value."""
    source = at.get(Ref(side, "ReplicationSource", namespace, name)).object or {}
    return _of_secret(at, side, namespace, str(dig(source, "spec.restic.repository") or ""))


def _of_secret(at: At, side: str, namespace: str, secret: str) -> str | None:
    there = at.get(Ref(side, "Secret", namespace, secret)).object if secret else None
    value = (there or {}).get("data", {}).get(_REPOSITORY)
    return str(value) if value else None


@check(guards=("protected",), situation="repository-not-own", when="between", methods=HANDOVER, sources="domain 3.3 no. 31, B06, B07")
def target_repository_is_its_own(at: At) -> Answer:
    """On the target an app backs up into a repository of its own: its first backup would else drop the source's last."""
    pairs = list(_pairs(at))
    same = [name for name, source, target in pairs if source == target]
    seen = {"value": len(same), "threshold": 0, "cluster": "both"}
    if same:
        return block(f"the target would write into the source's repository: {', '.join(same)}", _OWN, **seen)
    if at.found is not None and at.found.backup and not pairs:
        return unknown(f"the target has no Secret that names the repository of {at.found.backup}", _OWN, cluster="target")
    return ok(f"{len(pairs)} repositories of the target are its own" if pairs else "nothing on the target backs up yet", **seen)


def _pairs(at: At) -> Iterator[tuple[str, str, str]]:
    """Each app that is known here: its repository on the source and on the target, comparable but never readable."""
    namespace = at.found.namespace if at.found is not None else ""
    for one in at.list("source", "ReplicationSource", namespace):
        meta, secret = one["metadata"], str(dig(one, "spec.restic.repository") or "")
        source = _of_secret(at, "source", meta["namespace"], secret)
        theirs = at.get(Ref("target", "ReplicationSource", meta["namespace"], meta["name"])).object or {}
        target = _of_secret(at, "target", meta["namespace"], str(dig(theirs, "spec.restic.repository") or secret))
        if source and target:
            yield f"{meta['namespace']}/{meta['name']}", source, target


@check(situation="target-backup-empty", when="moving", asked_of=("target",), within=1800.0, sources="domain B07, B02a; design §3 (protected)")
def target_backup_is_real(at: At) -> Answer:
    """The target's first backup ended and kept something: from here on the app is protected where it runs."""
    found = found_of(at)
    watch = Ref("target", "ReplicationSource", found.namespace, "")
    there = at.get(Ref("target", "ReplicationSource", found.namespace, found.backup)).object
    if there is None:
        return not_yet(f"ReplicationSource {found.backup} is not on the target", watch=watch, waits_for="Argo CD to make it", cluster="target")
    status = dig(there, "status") or {}
    if not status.get("lastSyncTime") or not idle(there)[0]:
        return not_yet("its first backup runs", watch=watch, waits_for="the target's first backup", cluster="target")
    answer = saved(status, new=True)
    return Answer(answer.verdict, {"threshold": "snapshot ID saved", "cluster": "target", **_about(status), **answer.values}, answer.why, answer.fix)
