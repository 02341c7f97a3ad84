"""One connection, and the two ways to write through it: hold a statement, or commit it with everything held.

What is held is a list in memory, never an open transaction: a send while a transaction is open could be lost with it (design §4.3).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from portkey_migrate.errors import JournalUnusable, JournalUnwritable
from portkey_migrate.journal.file import unwritable

T = TypeVar("T")

#: No transition's number: what is written with it was seen by every read before.
_NONE = -1


class Commits:
    """The only writer of a journal. Safe from several threads; every commit is synced before it returns."""

    def __init__(self, db: sqlite3.Connection, path: Path, committed: Callable[[], None]) -> None:
        self.db, self.path, self._committed = db, path, committed
        self._held: list[tuple[str, Sequence[Any]]] = []
        self._lock = RLock()
        self._broken = ""
        self._version = 0
        self._rows: dict[int, int] = {}

    def version(self, transition: int = 0) -> tuple[int, int]:
        """Of what a read sees: another one after anything that was held or committed; of a transition's rows, after what concerned them too."""
        return self._version, self._rows.get(transition, 0)

    def _another(self, rows_of: int) -> None:
        if rows_of:
            self._rows[rows_of] = self._rows.get(rows_of, 0) + 1
        else:
            self._version += 1

    def hold(self, sql: str, values: Sequence[Any], rows_of: int = 0) -> None:
        """A statement that changes exactly one row, committed before anything that is committed later. `rows_of`: as `write` has it."""
        with self._lock:
            self._usable()
            self._another(rows_of)
            self._held.append((sql, values))

    def flush(self) -> None:
        if self._held:
            self.write(lambda _db: None, rows_of=_NONE)

    def write(self, act: Callable[[sqlite3.Connection], T], rows_of: int = 0) -> T:
        """One synced commit: everything held, then `act`. What `act` refuses leaves nothing behind, and what is held stays held.

        `rows_of`: the transition whose rows alone `act` touches; 0: it may touch anything.
        """
        with self._lock:
            self._usable()
            self._another(rows_of)
            with self._transaction():
                done = act(self.db)
                self.db.execute("COMMIT")
                self._held.clear()
        # Outside the lock: the lab parks this thread here, and another one may have to write meanwhile.
        self._committed()
        return done

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The journal as it will be with what is held: applied, read, rolled back. No sync."""
        with self._lock:
            self._usable()
            if not self._held:
                yield self.db
                return
            with self._transaction():
                yield self.db
                self.db.execute("ROLLBACK")

    def close(self) -> None:
        with self._lock:
            try:
                if not self._broken:
                    self.flush()
            finally:
                self._broken = self._broken or "it is closed"
                self.db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self.db.execute("BEGIN IMMEDIATE")
            for sql, values in self._held:
                one(self.db.execute(sql, values), self.path)
            yield
        except sqlite3.IntegrityError as fault:
            self._leave()
            raise unwritable(self.path, fault) from None
        except sqlite3.Error as fault:
            # After a failed write or sync nobody knows what the disk has (an fsync that failed once may say ok the next time): this process
            # writes no more, the next one reads what is there.
            self._broken = str(fault)
            self._leave()
            raise unwritable(self.path, fault) from None
        except Exception:
            self._leave()  # a refusal of ours: nothing was written
            raise
        except BaseException:
            self._broken = "it was interrupted in the middle of a write"
            self._leave()
            raise

    def _leave(self) -> None:
        try:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
        except sqlite3.Error as fault:
            self._broken = self._broken or str(fault)

    def _usable(self) -> None:
        if self._broken:
            raise JournalUnwritable(f"{self.path} cannot be written", why=self._broken)


def one(cursor: sqlite3.Cursor, path: Path) -> None:
    """Refuses a guarded write that found its row otherwise than its writer knew it."""
    if cursor.rowcount != 1:
        raise JournalUnusable(f"{path}: a row is not as this process knew it", why=f"a guarded write met {cursor.rowcount} rows, not 1")
