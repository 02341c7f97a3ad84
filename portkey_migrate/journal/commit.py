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


class Commits:
    """The only writer of a journal. Safe from several threads; every commit is synced before it returns."""

    def __init__(self, db: sqlite3.Connection, path: Path, committed: Callable[[], None]) -> None:
        self.db, self.path, self._committed = db, path, committed
        self._held: list[tuple[str, Sequence[Any]]] = []
        self._lock = RLock()
        self._broken = ""
        self.version = 0  # of what a read sees: one more with each statement that is held or committed

    def hold(self, sql: str, values: Sequence[Any]) -> None:
        """A statement that changes exactly one row, committed before anything that is committed later."""
        with self._lock:
            self._usable()
            self.version += 1
            self._held.append((sql, values))

    def flush(self) -> None:
        if self._held:
            self.write(lambda _db: None)

    def write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """One synced commit: everything held, then `act`. What `act` refuses leaves nothing behind, and what is held stays held."""
        with self._lock:
            self._usable()
            self.version += 1
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
