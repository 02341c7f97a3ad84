"""What of people's writes the backups hold: judged by what lies in the repositories, never by what VolSync says of itself (domain B02a, B03, B07).

On the source, the backup that carries our tag holds what people had been told is safe when it was asked for. On the target, the first backup
holds what the source took, and lies in a repository of its own. An app that nothing backs up promises none of it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab.argocd import TRACKING
from portkey_migrate.lab.records import Records, minus
from portkey_migrate.lab.restic import volsync
from portkey_migrate.lab.town import town

if TYPE_CHECKING:
    from portkey_migrate.lab.restic import Repository
    from portkey_migrate.lab.world import World

_KIND = "ReplicationSource"
_OURS = "pm-"  # how a tag of the tool begins


def repository(world: World, side: str, app: str) -> Repository | None:
    """Where the app's own ReplicationSource on a side writes; None where there is none."""
    source = _source(world, side, app)
    if source is None:
        return None
    secret = world.store.get(side, "Secret", app, source["spec"].get("restic", {}).get("repository", "")) or {}
    path = base64.b64decode(secret.get("data", {}).get("RESTIC_REPOSITORY", "")).decode()
    return volsync(world).repository(path) if path else None


def unbacked(world: World, app: str, since: float) -> Records:
    """Acknowledged before our tag was set, and in no backup that the source made; nothing where no tag of ours stands."""
    source = _source(world, "source", app)
    asked = _asked(world, app, source["metadata"]["name"]) if source is not None else None
    if asked is None or not _tag(source).startswith(_OURS):
        return ()
    return _missing(world, app, since, asked, repository(world, "source", app), "source")


def unprotected(world: World, app: str, since: float) -> Records:
    """Acknowledged by the source, and in no backup that the target made; nothing where the source never had one."""
    people = town(world).users
    if _source(world, "source", app) is None or app not in people.apps:
        return ()
    moved = max((min(one.end, world.now) for one in people.series[app] if one.by == "source"), default=world.now)  # the last time that it left
    return _missing(world, app, since, moved, repository(world, "target", app), "target")


def foreign(world: World, app: str) -> int:
    """Backups that the target made in the source's repository: each forgets and prunes what the other keeps."""
    kept = repository(world, "source", app)
    return sum(one.cluster == "target" for one in kept.backups) if kept is not None else 0


def _source(world: World, side: str, app: str) -> dict[str, Any] | None:
    """The app's own, as Git has it: whatever else backs up in its namespace is somebody's."""
    mine = (one for one in world.store.list(side, _KIND, app) if one["metadata"].get("annotations", {}).get(TRACKING, "").startswith(f"{app}:"))
    return next(mine, None)


def _missing(world: World, app: str, since: float, until: float, kept: Repository | None, side: str) -> Records:
    left = town(world).users.wrote(app, since, until) if town(world).users.apps[app].writes else ()
    for backup in kept.backups if kept is not None else ():
        left = minus(left, backup.content) if backup.cluster == side else left
    return left


def _asked(world: World, app: str, name: str) -> float | None:
    """When the tag that stands was set, as the ledger has it."""
    for line in reversed(world.store.ledger):
        at = (line["cluster"], line["kind"], line["namespace"], line["name"])
        if line["token"] and line["changed"] and at == ("source", _KIND, app, name) and _tag(line.get("before")) != _tag(line.get("after")):
            return float(line["t"])
    return None


def _tag(source: dict[str, Any] | None) -> str:
    return str(((source or {}).get("spec", {}).get("trigger") or {}).get("manual") or "")
