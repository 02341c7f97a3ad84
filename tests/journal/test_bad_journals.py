"""What is no journal of ours, or cannot be written: each is refused in its own words, with its own exit status, and nothing is written."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from portkey_migrate.errors import JournalUnusable, JournalUnwritable, MigrateError, NewerSchema, NotAJournal, OtherWorld, Unreachable
from portkey_migrate.journal import file, undo
from portkey_migrate.journal.read import load
from portkey_migrate.journal.rows import Transition
from portkey_migrate.journal.writer import Journal

from .conftest import CHANGE, Known, Ticking

Open = Callable[..., Journal]
Begin = Callable[..., Transition]


def not_a_database(path: Path) -> None:
    path.write_text("kind: Deployment\n" * 100)


def empty(path: Path) -> None:
    path.touch()


def a_folder(path: Path) -> None:
    path.mkdir()


def another_programs(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE bookmarks (url)")
    db.commit()
    db.close()


def edited(statement: str) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        Journal.open(path.parent, world="real", clock=Ticking(), ids=Known()).close()
        db = sqlite3.connect(path)
        db.execute(statement)
        db.commit()
        db.close()

    return edit


def of_the_lab(path: Path) -> None:
    Journal.open(path.parent, world="lab:7", clock=Ticking(), ids=Known()).close()


def mode(bits: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        Journal.open(path.parent, world="real", clock=Ticking(), ids=Known()).close()
        path.chmod(bits)

    return change


BAD: dict[str, tuple[Callable[[Path], None], type[MigrateError], int]] = {
    "not a database": (not_a_database, NotAJournal, 8),
    "0 bytes": (empty, NotAJournal, 8),
    "a folder": (a_folder, NotAJournal, 8),
    "another program's": (another_programs, NotAJournal, 8),
    "another application_id": (edited("PRAGMA application_id = 1"), NotAJournal, 8),
    "a newer schema": (edited("PRAGMA user_version = 2"), NewerSchema, 8),
    "no schema": (edited("PRAGMA user_version = 0"), NotAJournal, 8),
    "another world": (of_the_lab, OtherWorld, 8),
    "mode 0000": (mode(0o000), JournalUnwritable, 10),
    "mode 0400": (mode(0o400), JournalUnwritable, 10),
}


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"") for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_and_left_as_it_is(name: str, state: Path, open_journal: Open) -> None:
    """Not one byte is written, no file is made beside it, and the error says what it is."""
    spoil, kind, status = BAD[name]
    state.mkdir(mode=0o700)
    spoil(state / "journal.db")
    (state / "lock").unlink(missing_ok=True)
    before = everything(state)
    with pytest.raises(kind) as raised:
        open_journal()
    assert (status, True, True) == (raised.value.exit, bool(raised.value.what), bool(raised.value.why))
    assert before == everything(state)


@pytest.mark.parametrize("name", [name for name in BAD if name not in ("another world", "mode 0400")])
def test_a_reader_refuses_it_too(name: str, state: Path) -> None:
    """`status` of a bad file says the same; another world is no matter to a reader, nor is a journal that it may not write."""
    spoil, kind, _ = BAD[name]
    state.mkdir(mode=0o700)
    spoil(state / "journal.db")
    before = everything(state)
    with pytest.raises(kind):
        load(state)
    assert before == everything(state)


def test_a_newer_journal_says_who_made_it(state: Path, open_journal: Open) -> None:
    """The version to use is in the message."""
    state.mkdir(mode=0o700)
    edited("PRAGMA user_version = 9")(state / "journal.db")
    with pytest.raises(NewerSchema, match="schema 9, this version knows 1") as raised:
        open_journal()
    assert "portkey-migrate 0." in raised.value.why


def test_a_folder_that_may_not_be_written_is_refused(state: Path, open_journal: Open) -> None:
    """Root would be let through by the system; what a person meant by 0555 counts."""
    state.mkdir(mode=0o555)
    with pytest.raises(JournalUnwritable, match="cannot be written"):
        open_journal()
    assert list(state.iterdir()) == []
    assert stat.S_IMODE(state.stat().st_mode) == 0o555


def test_a_file_in_the_folders_place_is_refused(state: Path, open_journal: Open) -> None:
    """The system's own words, without its traceback."""
    state.write_text("not a folder")
    with pytest.raises(JournalUnwritable):
        open_journal()


def test_a_damaged_page_is_told(state: Path, open_journal: Open) -> None:
    """SQLite's quick check is asked before anything is believed."""
    open_journal().close()
    data = bytearray((state / "journal.db").read_bytes())
    data[2 * 4096 : 3 * 4096] = b"\xff" * 4096
    (state / "journal.db").write_bytes(data)
    with pytest.raises(JournalUnusable, match="damaged"):
        open_journal()


def test_a_full_disk_loses_nothing_and_ends_the_writing(journal: Journal, begin: Begin, state: Path) -> None:
    """What was committed is there; after a failed write this process writes no more, for nobody knows what the disk has."""
    move = begin(journal)
    db = journal._commits.db
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(JournalUnwritable, match="cannot be written") as raised:
        journal.begin(
            "app/b", leaves="planned", reaches="prepared", direction="forward", method="x", rows=(), plan_hash="", found={"big": "x" * 100_000}
        )
    assert (raised.value.exit, raised.value.why) == (10, "database or disk is full")
    with pytest.raises(JournalUnwritable):
        journal.attempt(journal.rows(move.id)[0], CHANGE, (), "1")
    journal.close()
    seen = load(state)
    assert seen is not None
    assert [move.id] == [one.transition.id for one in seen.open]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/home/anna/state", "ext4"), ("/mnt/nas/state", "nfs4"), ("/mnt/nas2/state", "ext4"), ("/mnt/nas/local disk/state", "xfs")],
)
def test_a_path_lies_on_its_nearest_mount(path: str, kind: str) -> None:
    """A name that only begins like a mount point is not inside it; spaces are written as octal."""
    mounts = (
        "21 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n"
        "40 21 0:50 / /mnt/nas rw shared:9 - nfs4 nas:/export rw\n"
        "41 40 8:1 / /mnt/nas/local\\040disk rw - xfs /dev/sda1 rw\n"
        "broken line\n"
    )
    assert kind == file.filesystem(Path(path), mounts)


def test_a_network_filesystem_is_refused(state: Path) -> None:
    """A lock there does not hold between two machines."""
    with pytest.raises(Unreachable, match="network filesystem"):
        file.refuse_network(state, "21 1 0:5 / / rw - cifs //nas/share rw\n")


def test_everything_in_the_folder_is_its_owners_alone(journal: Journal, begin: Begin, state: Path) -> None:
    """Whatever the umask is."""
    begin(journal)
    journal.write_undo_page("app/a", "# The way back\n")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.rglob("*")}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert {"journal.db", "journal.db-wal", "journal.db-shm", "lock", "hmac.key", "undo", "app-a.md"} == set(modes)
    assert {0o600, 0o700} == set(modes.values())
    assert modes["undo"] == 0o700


def test_a_folder_and_a_journal_open_to_others_are_closed_to_them(state: Path, open_journal: Open) -> None:
    """A clone's state/ has 0755; what it comes to hold is nobody else's."""
    open_journal().close()
    state.chmod(0o755)
    (state / "journal.db").chmod(0o644)
    open_journal().close()
    assert (stat.S_IMODE(state.stat().st_mode), stat.S_IMODE((state / "journal.db").stat().st_mode)) == (0o700, 0o600)


def test_the_key_is_the_lineages_own(journal: Journal, open_journal: Open, state: Path) -> None:
    """It is the same in every run, it is not in the journal, and another one is refused."""
    key = journal.secret_key()
    journal.close()
    again = open_journal()
    assert key == again.secret_key()
    assert key.hex().encode() not in (state / "journal.db").read_bytes()
    (state / "hmac.key").write_text("00" * 32)
    with pytest.raises(JournalUnusable, match="is not the key"):
        again.secret_key()


def test_a_killed_maker_leaves_nothing_in_the_way(state: Path, open_journal: Open) -> None:
    """A journal gets its name when it is whole; what an earlier maker left is made anew."""
    state.mkdir(mode=0o700)
    (state / "journal.db.new").write_bytes(b"half")
    (state / "hmac.key").write_text("of nobody")
    assert len(open_journal().secret_key()) == 32
    assert not (state / "journal.db.new").exists()


def test_an_undo_page_is_replaced_whole(journal: Journal, state: Path) -> None:
    """It lies under the subject's name, and a name cannot lead out of the folder."""
    journal.write_undo_page("app/a", "one\n")
    journal.write_undo_page("app/a", "two\n")
    assert (state / "undo" / "app-a.md").read_text() == "two\n"
    assert undo.page_of(state, "app/../../x").parent == state / "undo"
    journal.remove_undo_page("app/a")
    assert list((state / "undo").iterdir()) == []
