"""The file state/journal.db: how it is made, told from other files, and opened. Each bad file is refused in its own words, nothing written.

The file is looked at through SQLite alone, never by `open()`: closing any other descriptor of it in this process would drop the locks that
SQLite holds on it (POSIX locks belong to the process, not to the descriptor).
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from portkey_migrate.errors import JournalUnusable, JournalUnwritable, MigrateError, NewerSchema, NotAJournal, OtherWorld, Unreachable

NAME: Final = "journal.db"
APPLICATION_ID: Final = 0x504B4D31  # "PKM1" in the file's header: `file journal.db` shows it
SCHEMA: Final = 1

#: Where two machines can mount one folder. flock and WAL's shared memory hold on one machine only, so two operators would each hold "the" lock.
#: A share between a machine and its own guest (9p, virtiofs) is not in the list: it is this machine's disk.
NETWORK: Final = frozenset((
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "beegfs", "gpfs", "gfs2", "ocfs2", "glusterfs", "davfs",
    "fuse.glusterfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.ceph", "fuse.juicefs", "fuse.davfs2",
))  # fmt: skip


def path_of(state: Path) -> Path:
    return state / NAME


def uri(path: Path, options: str) -> str:
    return f"file:{quote(str(path.absolute()))}?{options}"


def filesystem(path: Path, mountinfo: str) -> str:
    """The filesystem type that a path lies on, from the text of /proc/self/mountinfo; "" where it does not say."""
    best, found = "", ""
    for line in mountinfo.splitlines():
        front, _, back = line.partition(" - ")
        if len(front.split()) < 5 or not back:  # noqa: PLR2004 - proc(5): the mount point is the fifth field
            continue
        point = front.split()[4].replace("\\040", " ")
        inside = point == "/" or path == Path(point) or Path(point) in path.parents
        if inside and len(point) >= len(best):  # the later line of two on one point is the one on top
            best, found = point, back.split()[0]
    return found


def refuse_network(state: Path, mountinfo: str | None = None) -> None:
    if mountinfo is None:
        try:
            mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return  # no Linux: nothing says what it lies on
    kind = filesystem(Path(os.path.realpath(state)), mountinfo)
    if kind in NETWORK:
        raise Unreachable(
            f"{state} lies on a network filesystem ({kind})",
            why="a lock there does not hold between two machines, and a sync there may not reach a disk",
            filesystem=kind,
        )


def unwritable(path: Path, fault: Exception) -> MigrateError:
    """What SQLite or the system said about a read or a write, as an error of ours."""
    said = str(fault)
    if isinstance(fault, sqlite3.DatabaseError) and "not a database" in said:
        return NotAJournal(f"{path} is not a journal", why="SQLite says: " + said)
    if isinstance(fault, sqlite3.DatabaseError) and "malformed" in said:
        return JournalUnusable(f"{path} is damaged", why="SQLite says: " + said)
    if isinstance(fault, sqlite3.IntegrityError):
        return JournalUnusable(f"{path} refused a row", why=said)
    if isinstance(fault, OSError):
        said = fault.strerror or said
    return JournalUnwritable(f"{path} cannot be written", why=said)


def unreadable(path: Path, fault: Exception) -> MigrateError:
    """The same for a reader, which never needed to write."""
    error = unwritable(path, fault)
    return JournalUnwritable(f"{path} cannot be read", why=error.why) if isinstance(error, JournalUnwritable) else error


def look(path: Path, world: str | None) -> Mapping[str, str]:
    """The journal's own rows about itself, read without a lock and without a byte written; raises where it is no journal of ours.

    `world` None: a reader, which takes any.
    """
    if not path.is_file():
        raise NotAJournal(f"{path} is not a journal", why="it is no regular file")
    if path.stat().st_size == 0:
        raise NotAJournal(f"{path} is empty", why="a journal is made whole and then renamed into place, so none of ours was ever 0 bytes")
    if stat.S_IMODE(path.stat().st_mode) & 0o400 == 0:
        raise JournalUnwritable(f"{path} cannot be read", why=f"its mode is {stat.S_IMODE(path.stat().st_mode):04o}")
    try:
        # immutable: no lock, no -wal, no -shm. What is asked for here is written before the file gets its name, and never again.
        db = sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)
    except sqlite3.Error as fault:
        raise unreadable(path, fault) from None
    try:
        meta = about(db, path)
    except sqlite3.Error as fault:
        raise unreadable(path, fault) from None
    finally:
        db.close()
    if world is not None and meta["world"] != world:
        raise OtherWorld(
            f"{path} is the journal of another world: {meta['world']}, and this is {world}",
            why="what was done there says nothing about what stands here",
            theirs=meta["world"],
            ours=world,
        )
    return meta


def about(db: sqlite3.Connection, path: Path) -> Mapping[str, str]:
    """Whether an open file is a journal that this version knows, and its meta."""
    application = db.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        raise NotAJournal(f"{path} is not a journal", why=f"it is a database of another program (application_id {application:#x})")
    schema = db.execute("PRAGMA user_version").fetchone()[0]
    if schema > SCHEMA:
        made = dict(db.execute("SELECT name, value FROM meta WHERE name = 'made'")).get("made", "a newer version")
        raise NewerSchema(f"{path} has schema {schema}, this version knows {SCHEMA}", why=f"it was made by portkey-migrate {made}", schema=schema)
    if schema < 1:
        raise NotAJournal(f"{path} is not a whole journal", why=f"its schema is {schema}")
    meta = dict(db.execute("SELECT name, value FROM meta"))
    if not {"lineage", "world"} <= meta.keys():
        raise NotAJournal(f"{path} is not a whole journal", why="it does not say its lineage and its world")
    return meta


def may_write(path: Path) -> None:
    """Whether the owner's bits allow what is about to happen. Root would be let through by the system and would undo what a person meant."""
    mode = stat.S_IMODE(path.stat().st_mode)
    needed = 0o700 if path.is_dir() else 0o600
    if mode & needed != needed:
        raise JournalUnwritable(f"{path} cannot be written", why=f"its mode is {mode:04o}")


def sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """A folder for its owner alone, its name synced."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
        sync_folder(folder.parent)
    elif stat.S_IMODE(folder.stat().st_mode) != 0o700:  # noqa: PLR2004 - a mode is best read as a mode
        folder.chmod(0o700)


def make(path: Path, meta: Mapping[str, str]) -> None:
    """Makes the file under another name, syncs it, renames it into place, syncs the folder: at every moment there is none, or a whole one.

    Only the holder of the lock comes here.
    """
    from portkey_migrate.journal.tables import schema  # 1.4 s, and only a new journal needs it

    new = path.with_name(path.name + ".new")
    for left in (new, new.with_name(new.name + "-journal")):
        left.unlink(missing_ok=True)  # of a maker that was killed
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    db = sqlite3.connect(new, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous = EXTRA")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("BEGIN IMMEDIATE")
        for statement in schema():
            db.execute(statement)
        db.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", sorted(meta.items()))
        db.execute(f"PRAGMA user_version = {SCHEMA}")
        db.execute("COMMIT")
    finally:
        db.close()
    new.rename(path)
    sync_folder(path.parent)


def connect(path: Path) -> sqlite3.Connection:
    """The one connection that writes and checkpoints. WAL with FULL is set and read back: a default would be silently less than a promise."""
    # timeout: whoever holds the lock on state/lock is the only writer; one second is for a person's sqlite3 shell that has just written.
    db = sqlite3.connect(uri(path, "mode=rw"), uri=True, isolation_level=None, check_same_thread=False, timeout=1.0)
    try:
        mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        db.execute("PRAGMA synchronous = FULL")
        synchronous = db.execute("PRAGMA synchronous").fetchone()[0]
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA temp_store = MEMORY")  # no temporary file outside the folder that is the owner's alone
        fault = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except BaseException:
        db.close()
        raise
    if (mode, synchronous) != ("wal", 2):
        db.close()
        raise JournalUnwritable(f"{path} cannot be written safely", why=f"journal_mode is {mode} and synchronous {synchronous}, not wal and 2")
    if fault != "ok":
        db.close()
        raise JournalUnusable(f"{path} is damaged", why=f"SQLite says: {fault}")
    return db
