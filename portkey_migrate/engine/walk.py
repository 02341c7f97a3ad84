"""One loop for forward, back and resumed: the recipe as its rows were recorded, from the first that is not done.

A prototype of this loop, killed after every commit and every send with a late twin on each, came out right at every point. Its order is
the rule: the change, its undo, the attempt and the version it is sent under are on disk before the one call is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from portkey_migrate import checks, recipes
from portkey_migrate.engine.until import POLL, UNREAD, until
from portkey_migrate.errors import (
    Conflict,
    Interrupted,
    NoReply,
    NotProved,
    NotServed,
    SendRefused,
    SomebodyWasHere,
    Unreachable,
    Usage,
)
from portkey_migrate.model import Answer, Change, Seen, block, ok, unknown
from portkey_migrate.recipes import Ask, Go, Person, Undo
from portkey_migrate.steps import Step
from portkey_migrate.systems.names import MARK_FIELD

if TYPE_CHECKING:
    from portkey_migrate.journal import Journal
    from portkey_migrate.journal.rows import Row, Transition
    from portkey_migrate.ports import People
    from portkey_migrate.systems.at import At

Say = Callable[[Mapping[str, Any]], None]

#: A request without reply may still land until the API server's own time-out (`--request-timeout`, 60 s; real/README.md §4.11).
SERVER_TIMEOUT = 60.0
#: Seconds between two words about the same wait: what polls twenty times a second has not that much to say.
TOLD = 0.5
#: Checks whose yes ends an outage: people were seen to be served.
_SERVED = frozenset({"seen-from-outside", "seen-at-the-source"})


@dataclass
class Walk:
    """One transition under way."""

    move: Transition
    at: At
    journal: Journal
    people: People
    say: Say
    stopping: Callable[[], bool]
    after_attempt: Callable[[], None] = lambda: None  # the undo page anew
    before_outage: Callable[[], None] = lambda: None  # window and guards asked anew, the outage marked
    down: bool = False  # this transition's `Go` begins an outage
    words: Callable[[str], str] = lambda text: text  # a question with its measured durations
    until_back: Callable[[], float | None] = lambda: None  # seconds left before going back has to begin; None: no budget counts

    def __post_init__(self) -> None:
        self._past_go = False

    def walk(self) -> None:
        """Returns when every row is done. Raises what ended it: NotProved, SomebodyWasHere, Interrupted, Usage."""
        rows = self.journal.rows(self.move.id)
        last_sent = max((row.n for row in rows if row.attempt), default=-1)
        for row in rows:
            item = recipes.from_data(row.item)
            acts = isinstance(item, (Step, Undo))
            if row.done_at and (acts or isinstance(item, Person) or row.n < last_sent):
                if row.change is not None and isinstance(item, Step):
                    self.at.begun = {**self.at.begun, row.name: row.change}
                if row.answer is not None:
                    self.at.checked = {**self.at.checked, item.check if isinstance(item, Ask) else row.name: row.answer}
                self._past_go = self._past_go or isinstance(item, Go)
                continue  # a check after the last send is asked again: a done one is stale after a crash
            if self.stopping():
                self.journal.flush()
                raise Interrupted(f"stopped before {row.name}", safe="Every step that was begun is recorded.")
            self._one(row, item)

    def _one(self, row: Row, item: recipes.Item) -> None:
        began = self.at.clock.monotonic()
        change: Change | None = None
        if isinstance(item, (Step, Undo)):
            row, change = self._make_true(row, item)
            step = item.step if isinstance(item, Undo) else item
            made = change
            answer = self._until(row, lambda: step.proof(made, self.at), step.within)
            self.at.checked = {**self.at.checked, row.name: answer}
            if isinstance(item, Step):
                self.at.begun = {**self.at.begun, row.name: change}
        elif isinstance(item, Ask):
            check = checks.by_id(item.check)
            answer = self._until(row, lambda: check.ask(self.at), item.within or check.within)
            if not check.blocks and answer.verdict in ("block", "unknown"):
                answer = replace(answer, verdict="warn")
            self.at.checked = {**self.at.checked, item.check: answer}
        else:
            answer = self._asked(item)
            self._past_go = self._past_go or (isinstance(item, Go) and answer.passes)
        took = self.at.clock.monotonic() - began
        self.say(
            {
                "event": "check" if change is None else "step",
                "subject": self.move.subject,
                "name": row.name,
                "verdict": answer.verdict,
                "why": answer.why,
                "took": took,
                "attempt": row.attempt,
            }
        )
        if not answer.passes:
            raise NotProved(
                f"{row.name}: {answer.why or answer.verdict}",
                row=row,
                name=row.name,
                answer=answer,
                check=item.check if isinstance(item, Ask) else "",
            )
        self.journal.done(row, change, answer)
        if isinstance(item, Ask) and item.check in _SERVED:
            self._users_are_served()

    # ---- whether users are served ----

    def _users_are_away(self, item: Step | Undo) -> None:
        """Marked with the attempt that begins it: the first after `Go`, or the one that closes the route on the way back."""
        begins = self._past_go if self.move.direction == "forward" else isinstance(item, Step) and item.closes
        if self.down and begins and not any(one.down_from and not one.down_to for one in self.journal.transitions(self.move.subject)):
            self.journal.down(self.move.id, self.at.now())
            self.say({"event": "down", "subject": self.move.subject, "name": item.name})

    def _users_are_served(self) -> None:
        now = self.at.now()
        for one in self.journal.transitions(self.move.subject):
            if one.down_from and not one.down_to:
                self.journal.up(one.id, now)
                self.say({"event": "up", "subject": self.move.subject, "for": (now - one.down_from).total_seconds()})

    def _until(self, row: Row, look: Callable[[], Answer], within: float) -> Answer:
        told, about = -TOLD, ""

        def wait(answer: Answer, passed: float) -> None:
            nonlocal told, about
            self.journal.flush()  # what is held is committed where a wait may be long; where nothing is, it costs nothing
            if passed - told < TOLD and about == answer.waits_for:
                return
            told, about = passed, answer.waits_for
            self.say(
                {"event": "wait", "subject": self.move.subject, "name": row.name, "why": answer.why, "for": passed, "waits_for": answer.waits_for}
            )

        left = self.until_back()
        if left is None or left >= within:
            return until(self.at, look, within, wait)
        answer = until(self.at, look, max(left, 0.0), wait)
        if answer.verdict != "not-yet":
            return answer
        return replace(answer, why=f"{answer.why}: the outage budget, less what going back needs, is used up")

    def _asked(self, item: Go | Person) -> Answer:
        self.journal.flush()
        if isinstance(item, Person):
            said = self.people.tells(item.question)
            if said is None:
                raise Usage(f"nobody is there to answer: {item.question}", hint=f"migrate advance {self.move.subject} (on a terminal)")
            return ok(f"answered {said!r}", answer=said, who=self.journal.who) if said else block("the answer was no", who=self.journal.who)
        self.before_outage()
        if not self.people.agrees(self.words(item.question)):
            return block("the answer was no", who=self.journal.who)
        return ok("yes", who=self.journal.who)

    # ---- one change ----

    def _make_true(self, row: Row, item: Step | Undo) -> tuple[Row, Change]:
        """Looks and sends until the change stands. One attempt, one commit, one call."""
        step = item.step if isinstance(item, Undo) else item
        asks = item.asks if isinstance(item, Undo) else step.first
        doubt = self._doubt(row)
        deadline = self.at.clock.monotonic() + step.within + (SERVER_TIMEOUT if doubt else 0.0)
        while True:
            seen = self._look(row, step, deadline)
            change = self._expected(row, item, seen)
            if not row.attempt and isinstance(item, Step) and change.nothing:
                return row, change
            sending = change
            if change.stands(seen) == "elsewhere":
                raise _somebody(row, change, seen)
            if change.stands(seen) == "after":
                if doubt is None or (seen.object is not None and seen.version != doubt.sent_under):
                    return row, change  # nothing to do, or it landed; an older twin is refused now
                if seen.object is None:
                    if not self._wait_out(doubt):
                        return row, change
                    doubt = None
                    continue
                sending = replace(change, before=change.after, along={MARK_FIELD: f"{self.move.key}-{row.n}-{row.attempt}"})
            if self.at.clock.monotonic() > deadline:
                why = f"{change.ref} still stands {change.stands(seen)} after {row.attempt} attempts"
                raise NotProved(f"{row.name}: {why}", row=row, name=row.name, answer=block(why), check="")
            self._require(row, asks)
            undo = step.undo(change, self.at) if isinstance(item, Step) and not row.attempt else row.undo
            row = self._send(row, item, sending, change, undo, seen)
            if row.reply == "ok" and sending is change and not (change.after is None and doubt is not None):
                return row, change
            # A POST without reply may come after this DELETE: it is waited out. A conflict or no reply: look again.

    def _look(self, row: Row, step: Step, deadline: float) -> Seen:
        """One look at the row's object; a system that cannot be read is asked again, and nothing is built on what is being deleted."""
        while True:
            late = self.at.clock.monotonic() > deadline
            try:
                self.at.fresh()
                seen = self.at.get(row.change.ref if row.change else step.ref(self.at))
            except (Unreachable, NotServed) as error:  # an API server that starts serves its custom kinds a moment later (measured)
                if late:
                    raise NotProved(f"{row.name}: {error.what}", row=row, name=row.name, answer=unknown(error.what), check="") from error
                self.journal.flush()
                self.at.clock.sleep(UNREAD)
                continue
            if not seen.going or row.change is not None or late:
                return seen
            self.at.clock.sleep(POLL)

    def _expected(self, row: Row, item: Step | Undo, seen: Seen) -> Change:
        """The recorded change, or the one that the first look makes; over what another step wrote since, where the recipe says so."""
        if isinstance(item, Step):
            return row.change or self._to_be(item, seen)
        assert row.change is not None  # noqa: S101 (an undo's row is written with its change)
        return self._over(row.change, item.over) if item.over is not None else row.change

    def _send(self, row: Row, item: Step | Undo, sending: Change, change: Change, undo: tuple[Change, ...], seen: Seen) -> Row:
        under = seen.uid if sending.call == "delete" else seen.version
        doubtful = row.doubt_until
        if row.in_doubt and row.change is not None and row.change.before is None and row.sent_at is not None:
            doubtful = row.sent_at + timedelta(seconds=SERVER_TIMEOUT)
        self._users_are_away(item)
        row = self.journal.attempt(row, change, undo, under, doubtful)
        self.after_attempt()
        token = f"{row.transition}.{row.n}#{row.attempt}"
        try:
            self.at.systems[sending.ref.system].send(sending, seen, token)
        except Conflict:
            return self.journal.reply(row, "conflict")
        except NoReply:
            late = self.at.now() + timedelta(seconds=SERVER_TIMEOUT) if sending.call == "create" else None
            return self.journal.reply(row, "no-reply", late)
        except SendRefused as error:
            self.journal.reply(row, f"refused {error.status}")
            raise NotProved(f"{row.name}: {error}", row=row, name=row.name, answer=block(str(error)), check="") from None
        return self.journal.reply(row, "ok")

    def _to_be(self, step: Step, seen: Seen) -> Change:
        """Observe once: a resumed step would record the zero it wrote itself."""
        after = step.wants(seen, self.at)
        if seen.object is None:
            return Change(step.ref(self.at), None, after, step.along(self.at))
        if after is None:
            return Change(step.ref(self.at), {}, None, step.along(self.at))
        return Change(step.ref(self.at), seen.fields(list(after)), after, step.along(self.at))

    def _over(self, change: Change, over: Step) -> Change:
        """What another step wrote since is what is expected to stand there."""
        wrote = self.at.begun.get(over.name)
        return replace(change, before=wrote.after) if wrote is not None else change

    def _require(self, row: Row, asks: tuple[str, ...]) -> None:
        for id_ in asks:
            check = checks.by_id(id_)
            answer = self._until(row, lambda check=check: check.ask(self.at), check.within)  # type: ignore[misc] # mypy cannot type a default of a lambda
            if not answer.passes:
                raise NotProved(f"{row.name}: {id_}: {answer.why}", row=row, name=row.name, answer=answer, check=id_)

    # ---- doubt: a request without reply may land after a look had said "not there" ----

    def _doubt(self, row: Row) -> Row | None:
        if row.undoes is None or row.change is None:
            return None
        forward = self.journal.row(*row.undoes)
        same = forward.change is not None and forward.change.ref == row.change.ref
        return forward if same and forward.in_doubt else None

    def _wait_out(self, doubt: Row) -> bool:
        """Waits until a create in doubt can come no more; False where there was nothing to wait for."""
        ends = _ends(doubt)
        left = (ends - self.at.now()).total_seconds()
        if left <= 0:
            return False
        self.journal.flush()
        self.say(
            {
                "event": "wait",
                "subject": self.move.subject,
                "name": doubt.name,
                "why": "a request without reply may still land",
                "for": 0.0,
                "waits_for": "the server's time-out",
            }
        )
        self.at.clock.sleep(left)
        return True


def _ends(doubt: Row) -> datetime:
    if doubt.doubt_until is not None:
        return doubt.doubt_until
    assert doubt.sent_at is not None  # noqa: S101 (an attempt always has its time)
    return doubt.sent_at + timedelta(seconds=SERVER_TIMEOUT)


def _somebody(row: Row, change: Change, seen: Seen) -> SomebodyWasHere:
    why = f"found {_short(seen, change)}, expected {change.before} or {change.after}"
    what = f"{row.name}: {change.ref} stands neither as found nor as wanted"
    return SomebodyWasHere(what, why=why, row=row, name=row.name, change=change, seen=seen)


def _short(seen: Seen, change: Change) -> str:
    return "nothing" if seen.object is None else str(seen.fields(list(change.after or change.before or {})))
