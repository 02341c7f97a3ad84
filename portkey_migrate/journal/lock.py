"""One operator at a time: `flock` on state/lock, a file of its own.

The kernel drops it when the holder dies, so a dead holder's lock is free at once and there is no lease that a pause could outlive; a holder
that hangs is killed. It is never the database's own file: closing a descriptor there would drop SQLite's locks.

Beside the flock the holder keeps an open-file-description lock on the same file as a sign. A reader asks for it with F_OFD_GETLK, which takes
nothing; trying a shared flock instead would, for that moment, make a writer's try fail. Where the system has no such locks (no Linux),
nobody can ask without taking, and `held` says None.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
from datetime import datetime
from pathlib import Path
from typing import Final

from portkey_migrate.errors import Locked

NAME: Final = "lock"
_SIGNS: Final = hasattr(fcntl, "F_OFD_SETLK")
_FLOCK: Final = "hhqqi4x"  # struct flock on 64-bit Linux: type, whence, start, len, pid
_TRIES: Final = 200


class Holder:
    """Who holds the lock, or held it last. A plain class: `status` reads it, and dataclasses cost more to import than SQLite does."""

    def __init__(self, who: str, host: str, pid: int, since: datetime, doing: str = "") -> None:
        """`since`: when the lock was taken."""
        self.who, self.host, self.pid, self.since, self.doing = who, host, pid, since, doing


def _text(holder: Holder) -> bytes:
    return json.dumps({"who": holder.who, "host": holder.host, "pid": holder.pid, "since": holder.since.isoformat()}).encode()


def _said(state: Path) -> Holder | None:
    """What the holder wrote into the lock's file, right after it took it; None while it has not yet."""
    try:
        data = json.loads((state / NAME).read_bytes())
        return Holder(data["who"], data["host"], data["pid"], datetime.fromisoformat(data["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def locked(state: Path, row: Holder | None) -> Locked:
    """The error that tells who holds it. `row`: the journal's own row, which alone knows what they do; it may still be of the holder before."""
    holder = None
    for _ in range(_TRIES):
        holder = _said(state)
        if holder is not None:
            break
        os.sched_yield()  # between a holder's flock and its first write lie microseconds
    if holder is None or (row is not None and (row.pid, row.since) == (holder.pid, holder.since)):
        holder = row
    if holder is None:
        return Locked("another operator is moving this cluster", why="who it is cannot be read yet", hint="migrate status")
    return Locked(
        "another operator is moving this cluster",
        why=f"{holder.who}@{holder.host} (pid {holder.pid}) since {holder.since:%Y-%m-%d %H:%M:%S} UTC{': ' if holder.doing else ''}{holder.doing}",
        hint="migrate status",
        who=holder.who,
        host=holder.host,
        pid=holder.pid,
        since=holder.since,
        doing=holder.doing,
    )


class Flock:
    """The lock, held from `take` until `free` or the end of the process."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def take(cls, state: Path, holder: Holder) -> Flock | None:
        """None where somebody holds it. Never waits."""
        path = state / NAME
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _same(fd, path):
                    break
            except BlockingIOError:
                os.close(fd)
                return None
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)  # somebody removed the file between; what was locked has no name any more
        try:
            os.fchmod(fd, 0o600)
            said = _text(holder)
            os.ftruncate(fd, 0)
            os.pwrite(fd, said, 0)
            if _SIGNS:
                fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        except BaseException:
            os.close(fd)
            raise
        return cls(fd)

    def free(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _same(fd: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(fd)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def held(state: Path) -> bool | None:
    """Whether somebody holds the lock now. Takes nothing, writes nothing; None where the system cannot say."""
    if not _SIGNS:
        return None
    try:
        fd = os.open(state / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        asked = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
        return bool(struct.unpack(_FLOCK, asked)[0] != fcntl.F_UNLCK)
    finally:
        os.close(fd)
