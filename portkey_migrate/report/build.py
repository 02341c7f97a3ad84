"""The journal's snapshot as a Report. Pure: the same snapshot and the same time give the same page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from portkey_migrate.report import following, serving, words
from portkey_migrate.report.serving import Moving
from portkey_migrate.report.status import Report, Standing

_DONE = {"app": ("committed", "reclaimed"), "task": ("done",), "phase": ("closed",), "node": ("joined",)}
_FIRST = {"app": ("planned",), "task": ("todo",), "phase": ("pending",), "node": ("k3s", "absent")}
_GATES = {"person": "waits for your word", "soak": "soaks"}
_WORDS = {"✔": "done", "◐": "moving", "‖": "waiting", "✖": "needs you", "○": "not begun"}


def nothing_begun(place: str, plan: str = "", tz: tzinfo | None = None) -> Report:
    """Before the first command: no journal, and that is no error."""
    return Report(
        plan=plan, world="", place=place, now=None,
        headline="All data is safe: nothing has begun, everything runs on K3s as it did before.",
        sentences=["There is no journal yet; the first `migrate advance` makes it."],
        phases=[], apps=[], others=[], totals={},
        next=list(following.AT_FIRST),
        holder={}, clusters={}, subjects=0, tz=tz,
    )  # fmt: skip


def build(snapshot: Any, *, place: str, now: datetime, tz: tzinfo | None = None) -> Report:
    """`now`: of the world that the journal is of. In the lab that is the newest time in the journal."""
    moving = {move.transition.subject: Moving(move.transition, move.rows) for move in snapshot.open}
    known = {one.id: _Known(moving.get(one.id), _last(snapshot, one.id), snapshot.past.get(one.id)) for one in snapshot.subjects}
    stands = [_standing(subject, known[subject.id], snapshot.refused.get(subject.id, ()), now, tz) for subject in snapshot.subjects]
    apps = [one for one in stands if one.subject.startswith("app/")]
    held = bool(snapshot.held and snapshot.operator is not None)
    return Report(
        plan=str(snapshot.plan.get("name", "")),
        world=snapshot.world,
        place=place,
        now=now,
        headline=_headline(apps, snapshot.totals.get("app", {}), known, (now, tz), held=held),
        sentences=_sentences(snapshot, moving, stands, now, tz, held=held),
        phases=[one for one in stands if one.subject.startswith("phase/")],
        apps=apps,
        others=[one for one in stands if one.subject.startswith(("node/", "task/")) and one.symbol != "○"],
        totals={kind: dict(states) for kind, states in snapshot.totals.items()},
        next=following.commands(stands, moving, snapshot.totals, held=held),
        holder=_holder(snapshot.operator) if held else {},
        clusters={role: pin.uid for role, pin in snapshot.pins.items()},
        subjects=snapshot.count,
        tz=tz,
    )


def newest(snapshot: Any) -> datetime | None:
    """The newest time that the journal wrote down: all that is known of the clock of another world."""
    moves = [*snapshot.open, *snapshot.last.values()]
    times = [time for move in moves for time in (move.transition.begun, move.transition.ended)]
    times += [time for move in moves for row in move.rows for time in (row.sent_at, row.done_at)]
    times += [subject.since for subject in snapshot.subjects] + [asked.at for several in snapshot.refused.values() for asked in several]
    return max((time for time in times if time is not None), default=None)


def _last(snapshot: Any, subject: str) -> Any:
    move = snapshot.last.get(subject)
    return move.transition if move is not None else None


class _Known(NamedTuple):
    """What the journal has of one subject."""

    moving: Moving | None
    last: Any
    past: Any

    def moves(self) -> Sequence[Any]:
        """Every move where the past was asked for, else the last ones."""
        if self.past is not None:
            return tuple(self.past.moves)
        return [one for one in (self.last, self.moving.transition if self.moving else None) if one is not None]


def _standing(subject: Any, known: _Known, refused: Sequence[Any], now: datetime, tz: tzinfo | None) -> Standing:
    kind, moving, last = subject.kind, known.moving, known.last
    since, seconds = serving.outage(known.moves(), now)
    serves = serving.serves(subject.state, subject.method, moving, down=since is not None) if kind == "app" else ""
    refused_by = [asked for asked in refused if not asked.answer.passes] if moving is None else []
    symbol = "✖" if refused_by else _symbol(subject, moving, last)
    return Standing(
        subject=subject.id,
        state=subject.state,
        symbol=symbol,
        word=_WORDS[symbol],
        serves=serves,
        down=_down(seconds, subject.outage, now_down=since is not None),
        back=serving.way_back(subject.state, serves, moving) if kind == "app" else "",
        note=_refused(refused_by, now, tz) if refused_by else _note(subject, moving, last, now, tz),
        method=subject.method,
        phase=subject.phase,
        since=subject.since,
        soak_until=subject.soak_until,
        down_since=since,
        down_seconds=seconds,
        budget=subject.outage,
        facts=_facts(subject, known, serves, now, tz) if known.past is not None else (),
        mends=tuple(line for asked in refused_by for line in asked.answer.fix.split("\n") if line),
    )


def _facts(subject: Any, known: _Known, serves: str, now: datetime, tz: tzinfo | None) -> tuple[tuple[str, str], ...]:
    """Of an app with data that has moved. Where there is none, `status` does not pay for the words either."""
    from portkey_migrate.report import facts

    return facts.of(subject, known.past, known.moving, serves, now, tz)


def _symbol(subject: Any, moving: Moving | None, last: Any) -> str:
    if moving is not None:
        return "✖" if moving.transition.outcome == "parked" else "◐"
    if last is not None and last.outcome in ("went-back", "blocked"):
        return "✖"
    if subject.state in _DONE[subject.kind]:
        return "✔"
    if subject.state in _FIRST[subject.kind]:
        return "○"
    return "◐" if subject.kind == "phase" and subject.state == "open" else "‖"


def _down(seconds: float, budget: float, *, now_down: bool) -> str:
    if not seconds and not now_down:
        return ""
    front = "" if now_down else "was "
    return f"{front}{words.duration(seconds)} of {words.duration(budget)}" if budget else f"{front}{words.duration(seconds)}"


def _note(subject: Any, moving: Moving | None, last: Any, now: datetime, tz: tzinfo | None) -> str:
    if moving is not None:
        transition = moving.transition
        number, name = moving.at
        way = f"{transition.leaves} -> {transition.reaches}" + (", going back" if transition.direction == "back" else "")
        place = f"{way}, step {number} of {len(moving.rows)}, {name}"
        return f"stopped: {transition.error}; {place}" if transition.outcome == "parked" else place
    if last is not None and last.outcome in ("went-back", "blocked") and last.ended is not None:
        verb = "went back" if last.outcome == "went-back" else "refused"
        why = last.why or last.error
        return f"{verb} {words.clock(last.ended, now, tz)}" + (f": {why}" if why else "")
    if subject.soak_until is not None and subject.state in ("protected", "soaking"):
        over = subject.soak_until <= now
        return "the soak is over" if over else f"soaks until {words.clock(subject.soak_until, now, tz)}"
    if subject.gate == "ages" and subject.since is not None:
        return f"{words.age(subject.since, now)} old"
    back = last is not None and last.direction == "back" and last.ended is not None
    if back and last.by_itself:
        return f"went back by itself {words.clock(last.ended, now, tz)}: {last.why}"
    said = [_GATES.get(subject.gate, str(subject.gate)), f"back since {words.clock(last.ended, now, tz)}, {last.why}" if back else ""]
    return "; ".join(part for part in said if part)


def _refused(refused_by: Sequence[Any], now: datetime, tz: tzinfo | None) -> str:
    first = refused_by[0]
    more = f" and {len(refused_by) - 1} more" if len(refused_by) > 1 else ""
    return f"refused {words.clock(first.at, now, tz)} by {first.check}{more}: {first.answer.why}"


def _headline(
    apps: Sequence[Standing], totals: Mapping[str, int], known: Mapping[str, _Known], when: tuple[datetime, tzinfo | None], *, held: bool
) -> str:
    """Whose data is where, and whether people are served: what is read first at night."""
    shown = {"K3s": 0, "Talos": 0, "nobody": 0}
    left = dict(totals)
    for one in apps:
        shown[one.serves] += 1
        left[one.state] = left.get(one.state, 0) - 1
    for state, number in left.items():
        shown["Talos" if state in serving.AFTER_THE_PIVOT else "K3s"] += max(number, 0)
    where = " and ".join(f"{shown[side]} on {side}" for side in ("K3s", "Talos") if shown[side])
    apart = [_apart(one, known[one.subject], *when, held=held) for one in apps]
    said = [sentence for sentence in apart if sentence]
    down = any(one.serves == "nobody" for one in apps)
    unseen = any(one.moving is not None and one.moving.transition.outcome == "parked" for one in known.values())
    rest = f"All {'other ' if down else ''}data is safe, each app in one place: {where}." if where else ""
    return " ".join([*said, rest, "" if down or unseen else "Nothing is down."]).replace("  ", " ").strip()


def _apart(one: Standing, known: _Known, now: datetime, tz: tzinfo | None, *, held: bool) -> str:
    """What is said of one app before all others: that it is down, parked where nobody has seen it served, or that it came home by itself."""
    moving = known.moving
    parked = moving is not None and moving.transition.outcome == "parked"
    if one.serves == "nobody":
        since = f" since {words.clock(one.down_since, now, tz)}, {one.down}" if one.down_since else ""
        then = "It waits for you." if parked else "It is being moved." if held else "It waits for the next command."
        from portkey_migrate.report import facts, writing

        return f"{one.subject} is down{since}: its data is whole, {writing.writer(moving, node=facts.node(known.past))}. {then}"
    if parked:
        return f"{one.subject} is stopped: its data is on {one.serves}, whole; whether people are served was not seen."
    if moving is None and known.last is not None and known.last.by_itself and known.past is not None:
        down = f" Down {words.duration(one.down_seconds)} of {words.duration(one.budget)}." if one.down_seconds else ""
        from portkey_migrate.report import told

        return f"{told.home(one.subject, known.past.rows, known.last, now, tz)} Lost: nothing.{down}"
    return ""


def _sentences(snapshot: Any, moving: Mapping[str, Moving], stands: Sequence[Standing], now: datetime, tz: tzinfo | None, *, held: bool) -> list[str]:
    out = []
    if held:
        lock = snapshot.operator
        doing = f", doing {lock.doing}" if lock.doing else ""
        out.append(f"{lock.who}@{lock.host} (pid {lock.pid}) is moving this cluster since {words.clock(lock.since, now, tz)}{doing}.")
    else:
        out += [_interrupted(snapshot, one, now, tz) for one in moving.values() if one.transition.outcome != "parked"]
    needs = [one.subject for one in stands if one.word == "needs you" and one.subject in moving]
    if needs:
        out.append(f"{words.listed(needs)} {'waits' if len(needs) == 1 else 'wait'} for you.")
    return out


def _interrupted(snapshot: Any, one: Moving, now: datetime, tz: tzinfo | None) -> str:
    """What a crash looks like afterwards: who, what, how far, what is not known."""
    transition = one.transition
    number, name = one.at
    last = snapshot.operator
    who = transition.who or (last.who if last is not None else "somebody")
    who = f"{who}@{last.host}" if last is not None and last.who == who else who
    said = f"Last: {who}, {transition.subject} {transition.leaves} -> {transition.reaches}, step {number} of {len(one.rows)}"
    open_ = one.unanswered
    if open_ is None or open_.sent_at is None:
        return f"{said} ({name}) not begun. The same command goes on."
    answer = "answered, not yet seen to have come" if open_.reply == "ok" else "no result"
    intent = words.clock(open_.sent_at, now, tz)
    return f"{said}, {open_.name}, intent {intent}, {answer}. The next command looks first and repeats nothing that happened."


def _holder(lock: Any) -> dict[str, Any]:
    return {"who": lock.who, "host": lock.host, "pid": lock.pid, "since": words.utc(lock.since), "doing": lock.doing}
