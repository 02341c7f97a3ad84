"""Restic repositories on the NFS share that both clusters' movers mount: what each holds, and the one lock that everybody shares.

Two clusters that write to one path fall into one forget-group (`--host volsync`, path /data): the first backup of one removes the only good
one of the other (domain §0.2, B06).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from portkey_migrate.lab.ceph import BEFORE
from portkey_migrate.lab.records import Records
from portkey_migrate.lab.truth import assumed, documented, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    read("nothing to restore from is status 0 too", "volsync mover-restic/entry.sh:340 do_restore"),
    documented("what a retain keeps", "https://restic.readthedocs.io/en/stable/060_forget.html"),
    assumed("one lock for all who have the path", "restic's backups share theirs; forget and prune do not", "harsher"),
)


class Backup(NamedTuple):
    id: str
    t: float
    content: Records
    cluster: str


@dataclass
class Repository:
    path: str
    backups: list[Backup] = field(default_factory=list)
    lock: str = ""  # who holds it: "source/vaultwarden/vaultwarden"
    made: int = 0

    def save(self, world: World, content: Records, cluster: str) -> Backup:
        self.made += 1
        digest = hashlib.sha256(f"{world.seed}:{self.path}:{self.made}".encode()).hexdigest()[:8]
        backup = Backup(digest, world.now, content, cluster)
        self.backups.append(backup)
        return backup

    def forget(self, retain: Mapping[str, Any] | None) -> None:
        """Without `retain` VolSync says `--keep-last 1`, literally (domain B05)."""
        if not retain:
            self.backups = self.backups[-1:]
            return
        kept = set(self.backups[-int(retain["last"]) :]) if int(retain.get("last", 0)) else set()
        for word, pattern in (("hourly", "%Y%j%H"), ("daily", "%Y%j"), ("weekly", "%G%V"), ("monthly", "%Y%m"), ("yearly", "%Y")):
            newest = {datetime.fromtimestamp(one.t, UTC).strftime(pattern): one for one in self.backups}
            wanted = int(retain.get(word, 0))
            kept |= set(list(newest.values())[-wanted:]) if wanted else set()
        self.backups = [one for one in self.backups if one in kept]


class VolsyncData:
    """The world's part `volsync`: the repositories, and what VolumeSnapshots hold."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.empty: set[str] = set()  # sources whose mover finds an empty directory: "target/vaultwarden/vaultwarden"
        self.kept: dict[str, Records] = {}  # VolumeSnapshotContent → content

    def repository(self, path: str) -> Repository:
        return self.repositories.setdefault(path, Repository(path))

    def lived(self, world: World, path: str, days: int) -> None:
        """A repository that has been written to for some days: one backup a day."""
        repository = self.repository(path)
        for ago in range(days, 0, -1):
            one = repository.save(world, BEFORE, "source")
            repository.backups[-1] = one._replace(t=world.now - ago * 86400.0)


def volsync(world: World) -> VolsyncData:
    return cast("VolsyncData", world.parts["volsync"])
