"""The journal as the engine writes it: every row of a move before its first send, every attempt before its call, synced.

What is `held` costs no sync of its own: it goes with the next commit. An attempt is such a commit, so one step costs one sync where only
reads stand between (performance §How 4). A held row that dies with the process is looked for again, never assumed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from portkey_migrate import __version__
from portkey_migrate.errors import JournalUnusable, Locked, MigrateError, WrongCluster
from portkey_migrate.journal import file, key, undo
from portkey_migrate.journal.columns import PIN, ROW, TRANSITION, when
from portkey_migrate.journal.commit import Commits, one
from portkey_migrate.journal.lock import Flock, Holder, held, locked
from portkey_migrate.journal.looks import row, subject
from portkey_migrate.journal.memory import Memory
from portkey_migrate.journal.rows import Asked, NewRow, Outcome, Pin, Row, Subject, Transition
from portkey_migrate.journal.seeding import Seeding
from portkey_migrate.journal.stored import answer_text, change_text, text, undo_text
from portkey_migrate.model import Answer, Change, Direction, Plan
from portkey_migrate.ports import Clock, Ids

_ATTEMPT = (
    "UPDATE rows SET attempt = attempt + 1, sent_at = ?, sent_under = ?, reply = '', doubt_until = COALESCE(?, doubt_until),"
    ' change = COALESCE(change, ?), undo = COALESCE(undo, ?) WHERE "transition" = ? AND n = ? AND attempt = ?'
)
_REPLY = 'UPDATE rows SET reply = ?, doubt_until = COALESCE(?, doubt_until) WHERE "transition" = ? AND n = ? AND attempt = ?'
_DONE = (
    'UPDATE rows SET change = COALESCE(change, ?), undo = COALESCE(undo, ?), answer = ?, done_at = ? WHERE "transition" = ? AND n = ? AND attempt = ?'
)
_ANSWER = 'INSERT INTO answers ("transition", subject, "check", verdict, answer, cluster_uid, at, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
_NEW_ROW = f"INSERT INTO rows ({ROW}) VALUES (?, ?, ?, ?, ?, NULL, ?, ?, 0, NULL, '', '', NULL, NULL, NULL)"
_DOING = "UPDATE lock SET doing = ? WHERE id = 1"
_LOCK = "INSERT OR REPLACE INTO lock (id, who, host, pid, since, doing) VALUES (1, ?, ?, ?, ?, '')"
_NEW_TRANSITION = f"INSERT INTO transitions ({TRANSITION}, version) VALUES ({', '.join('?' * 21)})"


class Journal(Memory):
    """state/, open for its one writer."""

    def __init__(self, state: Path, commits: Commits, flock: Flock, meta: Mapping[str, str], clock: Clock, ids: Ids) -> None:
        self.state, self.who, self.lineage, self.world = state, ids.who(), meta["lineage"], meta["world"]
        super().__init__(commits)
        self._flock, self._meta, self._clock = flock, meta, clock
        self._pages: dict[str, str] = {}

    # ---- open and close ----

    @staticmethod
    def refuse_held(state: Path) -> None:
        """Raises `Locked` where somebody holds the lock now; takes nothing. For before anything that may have to wait for the holder."""
        if held(state):
            raise _told(state, file.path_of(state))

    @staticmethod
    def look(state: Path, world: str) -> bool:
        """Whether a journal of this world is there; raises where it is no journal, a newer one, or of another world. Takes and writes nothing."""
        path = file.path_of(state)
        try:
            if not path.exists():
                return False
            file.look(path, world)
        except (OSError, sqlite3.Error) as fault:
            raise file.unwritable(path, fault) from None
        return True

    @classmethod
    def open(cls, state: Path, *, world: str, clock: Clock, ids: Ids, committed: Callable[[], None] = lambda: None) -> Journal:
        """Takes the lock and opens the journal, making it where there is none. Waits for nobody (`Locked`); a bad file is left as it is."""
        state, path = Path(state), file.path_of(Path(state))
        flock: Flock | None = None
        try:
            file.refuse_network(state)
            if state.exists():
                file.may_write(state)
            if path.exists():
                file.look(path, world)  # before the lock's file is touched: nothing is written beside what is no journal
                file.may_write(path)
            file.make_folder(state)
            holder = Holder(ids.who(), ids.host(), ids.pid(), clock.now())
            flock = Flock.take(state, holder)
            if flock is None:
                raise _told(state, path)  # noqa: TRY301 - one place frees the lock, whatever was wrong
            if not path.exists():
                meta = {"lineage": ids.hex(32), "world": world, "made": __version__, "key": key.make(state, bytes.fromhex(ids.hex(64)))}
                file.make(path, meta)
            meta = dict(file.look(path, world))
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
            commits = Commits(file.connect(path), path, committed)
        except (OSError, sqlite3.Error) as fault:
            _free(flock)
            raise file.unwritable(path, fault) from None
        except BaseException:
            _free(flock)
            raise
        journal = cls(state, commits, flock, meta, clock, ids)
        try:
            commits.write(lambda db: db.execute(_LOCK, (holder.who, holder.host, holder.pid, when(holder.since))))
        except BaseException:
            journal.close()
            raise
        return journal

    def close(self) -> None:
        """Commits what is held, checkpoints, frees the lock. After a failed write it only frees."""
        try:
            self._commits.close()
        except sqlite3.Error as fault:
            raise file.unwritable(self._commits.path, fault) from None
        finally:
            self._flock.free()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def doing(self, what: str) -> None:
        """What others are told while this process holds the lock. Held."""
        self._commits.hold(_DOING, (what,))

    def flush(self) -> None:
        """Commits what is held: before any wait for people, gates or slow things."""
        self._commits.flush()

    def secret_key(self) -> bytes:
        """The lineage's own key for HMACs of Secret values; source and target, and every run of this journal, compare under it."""
        return key.load(self.state, self._meta["key"])

    # ---- pins ----

    def pin(self, role: str, uid: str, ca_sha256: str, who: str) -> Pin:
        """Made once; the same again is nothing, another one is refused. One commit."""
        known = self.pins().get(role)
        if known is not None:
            if (known.uid, known.ca_sha256) != (uid, ca_sha256):
                raise WrongCluster(f"the {role} cluster is not the journal's", why=f"kube-system is {uid}, and {known.uid} was pinned", role=role)
            return known
        made = Pin(role, uid, ca_sha256, self._clock.now(), who)
        self._commits.write(lambda db: db.execute(f"INSERT INTO pins ({PIN}) VALUES (?, ?, ?, ?, ?)", (role, uid, ca_sha256, when(made.at), who)))
        return made

    # ---- subjects ----

    def seed(self, plan: Plan) -> None:
        """Every subject of the plan, in its order. States are never touched. One commit, or none where nothing is new."""
        with self._read() as db:
            seeding = Seeding(db, plan)
        if not seeding.nothing:
            self._commits.write(seeding.write)

    def set_plain(self, id_: str, state: str, gate: str = "", soak_until: datetime | None = None, direction: Direction = "forward") -> Subject:
        """A move that has no rows (a phase's): one commit, kept in the history as a transition that began and ended in it.

        In the same state only gate and soak change.
        """
        now = self._clock.now()

        def act(db: sqlite3.Connection) -> Subject:
            old = subject(db, id_)
            if old.state == state:
                db.execute("UPDATE subjects SET gate = ?, soak_until = ? WHERE kind = ? AND name = ?", (gate, when(soak_until), old.kind, old.name))
                return subject(db, id_)
            made = Transition(
                *(_next(db), id_, old.state, state, direction, old.method, "", "", __version__, {}, now), ended=now, outcome="done", who=self.who
            )
            self._insert(db, replace(made, key=self._key(made.id)), old.version)
            _arrive(db, old, state, gate, soak_until, now, old.version)
            return subject(db, id_)

        return self._commits.write(act)

    # ---- transitions ----

    def begin(
        self,
        subject_id: str,
        *,
        leaves: str,
        reaches: str,
        direction: Direction,
        method: str,
        rows: Sequence[NewRow],
        plan_hash: str,
        found: Mapping[str, object],
        of: int | None = None,
        by_itself: bool = False,
        why: str = "",
    ) -> Transition:
        """The transition and all its rows, one synced commit.

        A back one ends the forward one that stood open (`went-back`) in the same commit: from then on every command finishes the way back.
        """
        now = self._clock.now()

        def act(db: sqlite3.Connection) -> Transition:
            stands = subject(db, subject_id)
            if stands.state != leaves:
                raise JournalUnusable(f"{subject_id} stands in {stands.state}, not in {leaves}", why="a move begins where its subject stands")
            if direction == "back":
                db.execute(
                    "UPDATE transitions SET ended = ?, outcome = 'went-back', error = CASE error WHEN '' THEN ? ELSE error END"
                    " WHERE subject = ? AND direction = 'forward' AND ended IS NULL",
                    (when(now), why, subject_id),
                )
            id_ = _next(db)
            made = Transition(
                *(id_, subject_id, leaves, reaches, direction, method, self._key(id_), plan_hash, __version__, found, now),
                of=of,
                by_itself=by_itself,
                why=why,
                who=self.who,
            )
            self._insert(db, made, stands.version)
            db.execute(_DOING, (f"{subject_id}, {leaves} -> {reaches}",))
            db.executemany(
                _NEW_ROW, [(id_, n, r.name, text(r.item), change_text(r.change), *(r.undoes or (None, None))) for n, r in enumerate(rows, 1)]
            )
            return made

        return self._commits.write(act)

    def arrive(
        self, transition_id: int, *, state: str, outcome: Outcome, gate: str = "", soak_until: datetime | None = None, why: str = ""
    ) -> Subject:
        """The transition's end and the subject's state, guarded by its version, one commit. `blocked` leaves the subject as it stands."""
        now = self._clock.now()

        def act(db: sqlite3.Connection) -> Subject:
            id_, version = db.execute("SELECT subject, version FROM transitions WHERE id = ?", (transition_id,)).fetchone()
            one(
                db.execute(
                    "UPDATE transitions SET ended = ?, outcome = ?, error = ? WHERE id = ? AND ended IS NULL",
                    (when(now), outcome, why, transition_id),
                ),
                self._commits.path,
            )
            old = subject(db, id_)
            if outcome != "blocked":
                _arrive(db, old, state, gate, soak_until, now, version)
            elif old.state != state:
                raise JournalUnusable(f"{id_} stands in {old.state}, not in {state}", why="a blocked move leaves its subject where it stood")
            return subject(db, id_)

        return self._commits.write(act)

    def park(self, transition_id: int, error: str) -> None:
        """Not ended: the same command looks again. One commit."""
        self._commits.write(
            lambda db: one(
                db.execute("UPDATE transitions SET outcome = 'parked', error = ? WHERE id = ? AND ended IS NULL", (error, transition_id)),
                self._commits.path,
            )
        )

    def down(self, transition_id: int, at: datetime) -> None:
        """Users are not served from here on; of several times the first counts. Held."""
        self._commits.hold("UPDATE transitions SET down_from = COALESCE(down_from, ?), down_to = NULL WHERE id = ?", (when(at), transition_id))

    def up(self, transition_id: int, at: datetime) -> None:
        """Users are served again. Held."""
        self._commits.hold("UPDATE transitions SET down_to = ? WHERE id = ?", (when(at), transition_id))

    # ---- rows ----

    def attempt(self, row: Row, change: Change, undo: tuple[Change, ...], sent_under: str, doubt_until: datetime | None = None) -> Row:
        """The next attempt, with its change, its undo and the version it is sent under: ONE synced commit, before the send.

        Change and undo are written once; a later attempt (or one that carries our mark along) keeps what was recorded. `doubt_until` None keeps
        the doubt that stands.
        """
        now = self._clock.now()
        values = (when(now), sent_under, when(doubt_until), change_text(change), undo_text(undo), row.transition, row.n, row.attempt)
        self._commits.write(lambda db: one(db.execute(_ATTEMPT, values), self._commits.path), row.transition)
        first = row.change is None
        made = replace(
            row,
            attempt=row.attempt + 1,
            sent_at=now,
            sent_under=sent_under,
            reply="",
            doubt_until=doubt_until or row.doubt_until,
            change=change if first else row.change,
            undo=undo if first else row.undo,
        )
        return self.remember(row, made)

    def reply(self, row: Row, said: str, doubt_until: datetime | None = None) -> Row:
        """What the newest attempt came back with. Held; `doubt_until` None keeps the doubt that stands."""
        self._commits.hold(_REPLY, (said, when(doubt_until), row.transition, row.n, row.attempt), row.transition)
        return self.remember(row, replace(row, reply=said, doubt_until=doubt_until or row.doubt_until))

    def done(self, row: Row, change: Change | None, answer: Answer, undo: tuple[Change, ...] = ()) -> Row:
        """The row's outcome is proved. Held. A check that is asked again after a resume says so again, and the newer answer stands."""
        now = self._clock.now()
        undone = None if change is None and row.change is None else undo_text(undo)
        values = (change_text(change), undone, answer_text(answer), when(now), row.transition, row.n, row.attempt)
        self._commits.hold(_DONE, values, row.transition)
        return self.remember(
            row, replace(row, change=row.change or change, undo=undo if row.change is None else row.undo, answer=answer, done_at=now)
        )

    def answers(self, asked: Sequence[Asked]) -> None:
        """What guards answered. Held."""
        for a in asked:
            values = (a.transition, a.subject, a.check, a.answer.verdict, answer_text(a.answer), a.cluster_uid, when(a.at), text(a.data))
            self._commits.hold(_ANSWER, values)

    def resolve(self, transition_id: int, n: int, as_: Literal["done", "undone"], who: str) -> Row:
        """A person says what no look can tell: the call of this row happened, or it did not and is made again. One commit."""
        now = when(self._clock.now())
        answer = Answer("ok", {"resolved_as": as_, "by": who}, f"{who} said that it is {as_}")

        def act(db: sqlite3.Connection) -> Row:
            done = (answer_text(answer), now) if as_ == "done" else (None, None)
            one(
                db.execute(
                    "UPDATE rows SET reply = ?, doubt_until = NULL, answer = ?, done_at = ?"
                    ' WHERE "transition" = ? AND n = ? AND attempt > 0 AND done_at IS NULL',
                    (f"resolved {as_} by {who}", *done, transition_id, n),
                ),
                self._commits.path,
            )
            return row(db, transition_id, n)

        return self._commits.write(act)

    # ---- undo pages ----

    def write_undo_page(self, subject_id: str, page: str) -> None:
        """The way back as a person reads it: replaced whole, synced. The same page again costs nothing."""
        if self._pages.get(subject_id) == page:
            return
        try:
            undo.write(self.state, subject_id, page)
        except OSError as fault:
            raise file.unwritable(undo.page_of(self.state, subject_id), fault) from None
        self._pages[subject_id] = page

    def remove_undo_page(self, subject_id: str) -> None:
        self._pages.pop(subject_id, None)
        try:
            undo.remove(self.state, subject_id)
        except OSError as fault:
            raise file.unwritable(undo.page_of(self.state, subject_id), fault) from None

    # ---- inside ----

    def _key(self, id_: int) -> str:
        return f"pm-{self.lineage[:4]}-{id_}"

    def _insert(self, db: sqlite3.Connection, t: Transition, version: int) -> None:
        front = (t.id, t.subject, t.leaves, t.reaches, t.direction, t.method, t.key, t.plan_hash, t.tool_version, text(t.found), when(t.begun))
        back = (t.of, int(t.by_itself), t.why, when(t.ended), None, None, t.outcome, t.error, t.who, version)
        db.execute(_NEW_TRANSITION, (*front, *back))


def _free(flock: Flock | None) -> None:
    if flock is not None:
        flock.free()


def _told(state: Path, path: Path) -> Locked:
    """The loser's error, from the journal's own row where one is there."""
    from portkey_migrate.journal.read import holder_of

    try:
        return locked(state, holder_of(path))
    except MigrateError:
        return locked(state, None)


def _next(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM transitions").fetchone()[0])


def _arrive(db: sqlite3.Connection, old: Subject, state: str, gate: str, soak_until: datetime | None, now: datetime, version: int) -> None:
    """A new standing, under the version that the writer knows. The same state again is new too: a task's result that was made anew."""
    cursor = db.execute(
        "UPDATE subjects SET state = ?, version = version + 1, since = ?, gate = ?, soak_until = ? WHERE kind = ? AND name = ? AND version = ?",
        (state, when(now), gate, when(soak_until), old.kind, old.name, version),
    )
    if cursor.rowcount != 1:
        raise JournalUnusable(f"{old.id} was moved meanwhile", why=f"its version is {old.version}, and this move began at {version}")
