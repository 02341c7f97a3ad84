"""Teeth for the record: what is on the disk before a call is sent, what a second look may change, and what a call without reply means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from portkey_migrate.engine.walk import Walk
from portkey_migrate.journal import writer
from portkey_migrate.journal.commit import Commits
from portkey_migrate.journal.rows import Row
from portkey_migrate.journal.stored import change_text, undo_text
from portkey_migrate.lab import backed
from portkey_migrate.lab.argocd import NAMESPACE as ARGOCD
from portkey_migrate.lab.records import count
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import MAKER
from portkey_migrate.model import Change, Seen
from portkey_migrate.recipes import Undo
from portkey_migrate.steps import Step, gitops
from portkey_migrate.systems.kube import operation
from portkey_migrate.systems.kube.api import Kube
from tests.teeth.stage import APP, Play, Shown
from tests.teeth.tooth import DIFFERS, DOWN, TWICE, Figure, Out, Tooth, believed


def unprotected(shown: Shown) -> int:
    """What the source took and no backup of the target holds, once the tool says that it is protected."""
    name, state, world = shown.app["name"], shown.app["state"], shown.world
    return count(backed.unprotected(world, name, world.started)) if state in ("protected", "committed") else 0


UNPROTECTED = Figure("unprotected_writes", "writes", unprotected)
SCALED = "PATCH deployments/vaultwarden@source"
HELD = "PATCH applications/vaultwarden@source"
STAGED = "PATCH applications/vaultwarden@target"


def never_synced(world: World) -> None:
    """Argo CD on the target has never run an operation of this app: the first one that leaves something is ours."""
    world.store.patch("target", "Application", ARGOCD, APP, {"status": {"operationState": None}}, MAKER)


def stale_state_kept(patch: pytest.MonkeyPatch) -> None:
    """The patch that asks Argo CD to sync leaves what the last operation left."""
    whole = operation.patch

    def kept(change: Change, looked: Mapping[str, Any]) -> dict[str, Any]:
        out = whole(change, looked)
        out.pop("status", None)
        return out

    patch.setattr(operation, "patch", kept)


def sync_believed(patch: pytest.MonkeyPatch) -> None:
    """Argo CD's Succeeded is taken for there: what was asked for is not looked for."""
    patch.setattr(gitops, "_there", lambda *_: True)


def looks_twice(patch: pytest.MonkeyPatch) -> None:
    """A step that was begun makes its change anew, from what stands there now."""
    whole = Walk._expected

    def anew(self: Walk, row: Row, item: Step | Undo, seen: Seen) -> Change:
        return self._to_be(item, seen) if isinstance(item, Step) else whole(self, row, item, seen)

    patch.setattr(Walk, "_expected", anew)


def written_anew(patch: pytest.MonkeyPatch) -> None:
    """At the end of a step its change and its undo are written as they are known then, not kept as they were written first."""
    whole = writer.Journal.done

    def done(self: writer.Journal, row: Row, change: Change | None, *said: Any) -> Row:
        if change is not None and row.change not in (None, change):
            values = (change_text(change), undo_text((change.undone,)), row.transition, row.n)
            self._commits.hold('UPDATE rows SET change = ?, undo = ? WHERE "transition" = ? AND n = ?', values)
        return whole(self, row, change, *said)

    patch.setattr(writer.Journal, "done", done)


class Held:
    """In the place of a transaction: what is written is held, for whatever is committed next."""

    rowcount = 1

    def __init__(self, commits: Commits) -> None:
        self.commits = commits

    def execute(self, sql: str, values: Sequence[Any]) -> Held:
        self.commits.hold(sql, values)
        return self


def sent_before_recorded(patch: pytest.MonkeyPatch) -> None:
    """An attempt is not committed before its send, but with what is committed after it."""
    whole = writer.Journal.attempt

    def held(self: writer.Journal, *said: Any) -> Row:
        with pytest.MonkeyPatch.context() as inside:
            inside.setattr(self._commits, "write", lambda act, *_: act(Held(self._commits)))
            return whole(self, *said)

    patch.setattr(writer.Journal, "attempt", held)


def repeated_blindly(patch: pytest.MonkeyPatch) -> None:
    """No reply: the same call again at once, as a retry of the wire would."""
    whole = Walk._send

    def again(self: Walk, row: Row, item: Step | Undo, sending: Change, change: Change, undo: tuple[Change, ...], seen: Seen) -> Row:
        row = whole(self, row, item, sending, change, undo, seen)
        return whole(self, row, item, sending, change, undo, seen) if row.reply == "no-reply" else row

    patch.setattr(Walk, "_send", again)


def no_version(patch: pytest.MonkeyPatch) -> None:
    """A patch is sent without the version that was seen."""
    whole = Kube._write

    def bare(self: Kube, ref: Any, method: str, path: str, body: Mapping[str, Any], *more: Any) -> None:
        metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key != "resourceVersion"}
        whole(self, ref, method, path, {**body, "metadata": metadata} if method == "PATCH" else body, *more)

    patch.setattr(Kube, "_write", bare)


def doubt_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What stands as before a call without reply is taken for: it never came, and there is nothing to undo."""
    patch.setattr(Walk, "_doubt", lambda *_: None)


TEETH = [
    Tooth(
        "stale operationState kept",
        stale_state_kept,
        Play(to="protected", intrudes=never_synced),
        UNPROTECTED,
        guards=(
            Out("the proof of sync-source (what was asked for is there)", sync_believed),
            Out("target-backup-is-real believed", believed("target-backup-is-real")),
        ),
        refused_by="sync-source",
        trap="stale-operation",
    ),
    Tooth(
        "second observe on resume",
        looks_twice,
        Play(rollback_at="routed", dies=f"after {SCALED}"),
        DOWN,
        guards=(Out("change and undo written once", written_anew),),
    ),
    Tooth("act before intent", sent_before_recorded, Play(rollback_at="routed", dies=f"after {SCALED}"), DOWN),
    Tooth(
        "blind repeat after a time-out",
        repeated_blindly,
        Play(to="protected", fault=("reply-lost", STAGED)),
        TWICE,
        guards=(Out("the version that a patch is sent under", no_version),),
    ),
    Tooth(
        "undo of a write in doubt believed done",
        doubt_forgotten,
        Play(rollback_at="routed", fault=("late-twin", HELD), in_doubt=True, then="rollback"),
        DIFFERS,
        trap="late-twin",
    ),
]
