"""A move from its beginning to its end, as the engine writes it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portkey_migrate import machines
from portkey_migrate.errors import JournalUnusable, UnknownName, WrongCluster
from portkey_migrate.journal.looks import Looks
from portkey_migrate.journal.read import View, fold, history, load
from portkey_migrate.journal.rows import Asked, NewRow, Row, Transition
from portkey_migrate.journal.seeding import first
from portkey_migrate.journal.writer import Journal
from portkey_migrate.model import Node, ok
from portkey_migrate.model import block as refused

from .conftest import CHANGE, WAY, Ticking, plan_of

Begin = Callable[..., Transition]
Open = Callable[..., Journal]


def moved(journal: Journal, begin: Begin, leaves: str, reaches: str) -> Transition:
    """One whole forward move with one attempt."""
    move = begin(journal, leaves, reaches)
    row = journal.rows(move.id)[0]
    row = journal.reply(journal.attempt(row, CHANGE, (CHANGE.undone,), "77"), "ok")
    journal.done(row, CHANGE, ok("it stands"))
    journal.arrive(move.id, state=reaches, outcome="done")
    return move


def gone_back(journal: Journal, begin: Begin, leaves: str, reaches: str) -> Transition:
    """One whole move back."""
    move = begin(journal, leaves, reaches, direction="back", why="asked for")
    journal.arrive(move.id, state=reaches, outcome="done")
    return move


def test_every_subject_of_a_plan_begins_in_its_first_state(journal: Journal) -> None:
    """Phases, tasks and apps are known in the plan's order."""
    assert [(subject.id, subject.state) for subject in journal.subjects()] == [
        ("phase/1-first", "pending"),
        ("task/agree", "todo"),
        ("app/a", "planned"),
        ("app/b", "planned"),
    ]


@pytest.mark.parametrize("kind", machines.STATES)
def test_first_states_are_the_machines_own(kind: str) -> None:
    """This room may not import the machines; here the two are held together."""
    assert machines.way(kind)[0] == first(plan_of(), kind, "x")  # type: ignore[arg-type] # the keys of STATES are the kinds


def test_a_new_node_is_absent_before_anything_is_done() -> None:
    """A node that the plan makes is not one that leaves K3s."""
    plan = plan_of(nodes={"metal4": Node("metal4", 204, "control", new={"cores": 4})})
    assert machines.way("node", new=True)[0] == first(plan, "node", "metal4")


def test_a_plan_that_changed_moves_no_state(journal: Journal, begin: Begin) -> None:
    """A new place, a new app, an app that is gone: states stay, and what is gone is still known, last."""
    moved(journal, begin, "planned", "prepared")
    journal.seed(plan_of("c", "a"))
    assert [subject.id for subject in journal.subjects()] == ["phase/1-first", "task/agree", "app/c", "app/a", "app/b"]
    assert (journal.subject("app/a").state, journal.subject("app/a").version) == ("prepared", 1)
    assert journal.subject("app/b").position == -1


def test_seeding_the_same_plan_again_commits_nothing(open_journal: Open) -> None:
    """A command that changes nothing costs no sync and makes no crash point."""
    commits: list[int] = []
    journal = open_journal(committed=lambda: commits.append(1))
    journal.seed(plan_of("a"))
    before = len(commits)
    journal.seed(plan_of("a"))
    assert before == len(commits)


def test_a_key_carries_lineage_and_number(journal: Journal, begin: Begin) -> None:
    """Names made in a move are told from those of another journal and another move."""
    assert begin(journal).key == "pm-7c1e-1"


def test_what_is_read_is_what_was_written(journal: Journal, begin: Begin) -> None:
    """The rows that methods return are those that the next process reads."""
    move = begin(journal)
    row = journal.attempt(journal.rows(move.id)[0], CHANGE, (CHANGE.undone,), "77", datetime(2026, 11, 24, 13, tzinfo=UTC))
    assert row == journal.row(move.id, 1)
    row = journal.reply(row, "no-reply", datetime(2026, 11, 24, 14, tzinfo=UTC))
    assert row == journal.row(move.id, 1)
    row = journal.done(row, CHANGE, ok("it stands", pods=0))
    assert row == journal.row(move.id, 1)
    assert move == journal.transition(move.id) == journal.open_transition("app/a")


@pytest.mark.parametrize("seed", range(6))
def test_what_is_remembered_is_what_is_there(open_journal: Open, begin: Begin, seed: int) -> None:
    """The writer keeps what it read until it writes again: after any write, held or committed, refused or not, it reads as one who keeps nothing."""
    journal, rng = open_journal(), random.Random(seed)  # noqa: S311 (draws a walk, not a secret)
    journal.seed(plan_of("a", "b"))
    writes: dict[str, Callable[[Transition, Row], object]] = {
        "attempt": lambda _, row: journal.attempt(row, CHANGE, (CHANGE.undone,), "77"),
        "old attempt": lambda _, row: journal.attempt(replace(row, attempt=row.attempt + 1), CHANGE, (), "77"),
        "reply": lambda _, row: journal.reply(row, "ok"),
        "done": lambda _, row: journal.done(row, CHANGE, ok("it stands")),
        "resolve": lambda move, row: journal.resolve(move.id, row.n, "done", "me"),
        "down": lambda move, _: journal.down(move.id, datetime(2026, 11, 24, 13, tzinfo=UTC)),
        "up": lambda move, _: journal.up(move.id, datetime(2026, 11, 24, 14, tzinfo=UTC)),
        "park": lambda move, _: journal.park(move.id, "why"),
        "arrive": lambda move, _: journal.arrive(move.id, state=move.reaches, outcome="done"),
        "answers": lambda move, _: journal.answers([Asked(move.subject, "c", ok("yes"), datetime(2026, 11, 24, tzinfo=UTC), move.id)]),
        "flush": lambda _, __: journal.flush(),
    }
    compared = 0
    kept: list[Row] = []
    for _ in range(80):
        subject = f"app/{rng.choice('ab')}"
        move, stands = journal.open_transition(subject), journal.subject(subject).state
        if move is None:
            there = "prepared" if stands == "planned" else "planned"
            begin(journal, stands, there, subject=subject, direction="forward" if there == "prepared" else "back")
        else:
            rows = journal.rows(move.id)
            older = [one for one in kept if any(one.transition == now.transition and one.n == now.n and one.attempt == now.attempt for now in rows)]
            kept = older if older and rng.random() < 0.3 else rows  # a copy of before the last reply is still one of this attempt
            with suppress(JournalUnusable):  # a refused write must leave the right memory too
                rng.choice(list(writes.values()))(move, rng.choice(kept))
        for app in ("app/a", "app/b"):
            moves = journal.transitions(app)
            assert moves == Looks.transitions(journal, app)
            assert journal.begun(app, "planned", WAY) == Looks.begun(journal, app, "planned", WAY)
            for one in moves:
                assert journal.rows(one.id) == Looks.rows(journal, one.id)
                compared += 1
    assert compared > 200


def test_a_later_attempt_keeps_the_first_change(journal: Journal, begin: Begin) -> None:
    """Observe once: a second look would record the zero that the first attempt wrote."""
    row = journal.attempt(journal.rows(begin(journal).id)[0], CHANGE, (CHANGE.undone,), "77")
    second = journal.attempt(row, CHANGE.undone, (), "78")
    assert (2, "78", CHANGE, (CHANGE.undone,)) == (second.attempt, second.sent_under, second.change, second.undo)
    assert second == journal.row(row.transition, row.n)


def test_a_row_that_went_on_elsewhere_is_not_written_over(journal: Journal, begin: Begin) -> None:
    """An attempt is guarded by the attempt before it, as its writer knew it."""
    row = journal.rows(begin(journal).id)[0]
    journal.attempt(row, CHANGE, (), "77")
    with pytest.raises(JournalUnusable):
        journal.attempt(row, CHANGE, (), "77")
    assert journal.row(row.transition, 1).attempt == 1


def test_one_step_costs_one_commit(open_journal: Open, begin: Begin) -> None:
    """Reply, proof and evidence are held and go with the next attempt."""
    commits: list[int] = []
    journal = open_journal(committed=lambda: commits.append(1))
    journal.seed(plan_of("a"))
    rows = journal.rows(begin(journal).id)
    before = len(commits)
    for row in rows:
        sent = journal.reply(journal.attempt(row, CHANGE, (), "1"), "ok")
        journal.done(sent, CHANGE, ok())
    assert len(rows) == len(commits) - before


def test_what_is_held_is_seen_by_its_writer_and_by_no_reader(journal: Journal, begin: Begin, state: Path) -> None:
    """Held rows are on disk with the next commit, not before."""
    row = journal.attempt(journal.rows(begin(journal).id)[0], CHANGE, (), "1")
    journal.done(row, CHANGE, ok())
    assert journal.row(row.transition, 1).done_at is not None
    assert View(state).row(row.transition, 1).done_at is None
    journal.flush()
    assert View(state).row(row.transition, 1).done_at is not None


def test_a_move_begins_where_its_subject_stands(journal: Journal, begin: Begin) -> None:
    """Anything else was decided on an old look."""
    with pytest.raises(JournalUnusable, match="stands in planned, not in prepared"):
        begin(journal, "prepared", "started")
    assert journal.transitions("app/a") == []


def test_a_second_open_move_of_one_subject_is_refused(journal: Journal, begin: Begin) -> None:
    """What a command has to finish is never a choice."""
    begin(journal)
    with pytest.raises(JournalUnusable):
        begin(journal)
    assert len(journal.transitions("app/a")) == 1


def test_a_way_back_ends_what_it_goes_back_over(journal: Journal, begin: Begin) -> None:
    """From its beginning on the way back alone is open."""
    forward = begin(journal)
    back = begin(journal, "planned", "planned", direction="back", of=forward.id, by_itself=True, why="no quota")
    assert back == journal.open_transition("app/a")
    assert (journal.transition(forward.id).outcome, journal.transition(forward.id).error) == ("went-back", "no quota")


def test_an_arrival_moves_the_subject_once(journal: Journal, begin: Begin) -> None:
    """State, gate, time and version go with the end of the move, in one commit."""
    move = begin(journal)
    there = journal.arrive(move.id, state="prepared", outcome="done", gate="person")
    assert (there.state, there.version, there.gate) == ("prepared", 1, "person")
    assert journal.open_transition("app/a") is None
    with pytest.raises(JournalUnusable):
        journal.arrive(move.id, state="started", outcome="done")
    assert there == journal.subject("app/a")


def test_a_blocked_move_leaves_its_subject_as_it_stood(journal: Journal, begin: Begin) -> None:
    """A soak goes on though a check refused what comes after it."""
    move = moved(journal, begin, "planned", "prepared")
    journal.set_plain("app/a", "prepared", gate="soak", soak_until=datetime(2026, 12, 1, tzinfo=UTC))
    stood = journal.subject("app/a")
    blocked = begin(journal, "prepared", "started")
    journal.arrive(blocked.id, state="prepared", outcome="blocked", why="no quota")
    assert stood == journal.subject("app/a")
    assert move.id + 1 == journal.transitions("app/a")[-1].id


def test_a_parked_move_stays_open(journal: Journal, begin: Begin) -> None:
    """The same command looks again, whatever was the trouble."""
    move = begin(journal)
    journal.park(move.id, "not seen from outside")
    parked = journal.open_transition("app/a")
    assert parked is not None
    assert (parked.outcome, parked.error) == ("parked", "not seen from outside")


def test_a_task_made_anew_is_as_new(journal: Journal, begin: Begin) -> None:
    """Done to done is a move: the result's age begins again."""
    for leaves in ("todo", "done"):
        move = begin(journal, leaves, "done", subject="task/agree")
        there = journal.arrive(move.id, state="done", outcome="done")
        assert journal.transition(move.id).ended == there.since


def test_a_plain_move_is_in_the_history(journal: Journal, state: Path) -> None:
    """A phase has no rows, and yet one can read when it was opened and by whom."""
    journal.set_plain("phase/1-first", "open")
    told = history(state, "phase/1-first")
    assert [(t.move.transition.leaves, t.move.transition.reaches, t.move.transition.who) for t in told if t.move] == [("pending", "open", "anna")]


def test_what_was_gone_back_over_counts_no_more(journal: Journal, begin: Begin) -> None:
    """Begun is what stands: a finished way back takes what it went over out of it."""
    one = moved(journal, begin, "planned", "prepared")
    two = moved(journal, begin, "prepared", "started")
    gone_back(journal, begin, "started", "prepared")
    assert [one.id] == [move.id for move, _ in journal.begun("app/a", "planned", WAY)]
    four = moved(journal, begin, "prepared", "started")
    five = moved(journal, begin, "started", "routed")
    assert [one.id, four.id, five.id] == [move.id for move, _ in journal.begun("app/a", "planned", WAY)]
    assert [four.id, five.id] == [move.id for move, _ in journal.begun("app/a", "prepared", WAY)]
    assert two.id not in [move.id for move, _ in journal.begun("app/a", "prepared", WAY)]


def test_a_row_never_sent_was_not_begun(journal: Journal, begin: Begin) -> None:
    """Its undo is left out of the way back."""
    move = begin(journal)
    journal.attempt(journal.rows(move.id)[1], CHANGE, (), "1")
    assert [row.name for _, row in journal.begun("app/a", "planned", WAY)] == ["scale-to-0"]


def test_a_state_that_nobody_knows_is_an_error(journal: Journal, begin: Begin) -> None:
    """A name on disk is never taken for a default."""
    begin(journal, "planned", "teleported")
    with pytest.raises(UnknownName, match="teleported"):
        journal.begun("app/a", "planned", WAY)


def test_outage_begins_once_and_ends_last(journal: Journal, begin: Begin, clock: Ticking) -> None:
    """The first time down and the last time up are what users had."""
    move, times = begin(journal), [clock.now() for _ in range(4)]
    journal.down(move.id, times[0])
    journal.up(move.id, times[1])
    journal.down(move.id, times[2])
    assert (times[0], None) == (journal.transition(move.id).down_from, journal.transition(move.id).down_to)
    journal.up(move.id, times[3])
    assert (times[0], times[3]) == (journal.transition(move.id).down_from, journal.transition(move.id).down_to)


def test_a_person_resolves_what_no_look_can_tell(journal: Journal, begin: Begin) -> None:
    """Done is done; undone is sent again; either is recorded with who said it."""
    rows = [journal.attempt(row, CHANGE, (), "1") for row in journal.rows(begin(journal).id)[:2]]
    done = journal.resolve(rows[0].transition, 1, "done", "anna")
    undone = journal.resolve(rows[1].transition, 2, "undone", "anna")
    assert (done.in_doubt, undone.in_doubt) == (False, False)
    assert (done.done_at is not None, undone.done_at is not None) == (True, False)
    with pytest.raises(JournalUnusable):
        journal.resolve(rows[0].transition, 3, "done", "anna")


def test_a_pin_is_made_once(journal: Journal) -> None:
    """The same again is nothing, another cluster is refused."""
    made = journal.pin("source", "7c1e", "ab", "anna")
    assert made == journal.pin("source", "7c1e", "ab", "bob") == journal.pins()["source"]
    with pytest.raises(WrongCluster):
        journal.pin("source", "other", "ab", "bob")


def test_what_was_written_once_stays(journal: Journal, begin: Begin, state: Path) -> None:
    """Whoever writes into the file: change, undo, answers, pins, ends and lineage are kept by the file itself."""
    journal.pin("source", "7c1e", "ab", "anna")
    moved(journal, begin, "planned", "prepared")
    journal.answers([Asked("app/a", "hold-holds", ok(), datetime(2026, 11, 24, tzinfo=UTC))])
    journal.close()
    db = sqlite3.connect(state / "journal.db")
    for statement in (
        "UPDATE rows SET change = '{}' WHERE n = 1",
        "UPDATE rows SET undo = NULL WHERE n = 1",
        "UPDATE rows SET attempt = 3 WHERE n = 1",
        "UPDATE rows SET attempt = 0 WHERE n = 1",
        "UPDATE rows SET item = '{}'",
        "UPDATE rows SET attempt = 1 WHERE n = 2",
        "DELETE FROM rows",
        "DELETE FROM transitions",
        "UPDATE transitions SET ended = NULL",
        "UPDATE transitions SET found = '[]'",
        "UPDATE pins SET uid = 'x'",
        "UPDATE answers SET verdict = 'ok'",
        "UPDATE subjects SET state = 'planned' WHERE name = 'a'",
        "UPDATE meta SET value = 'x' WHERE name = 'world'",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(statement)
    db.close()


def test_one_look_holds_what_a_screen_needs(journal: Journal, begin: Begin, state: Path) -> None:
    """What is open is whole, what ended shows its last, totals count everything, refusals are told until something newer happened."""
    moved(journal, begin, "planned", "prepared")
    parked = begin(journal, subject="app/b")
    journal.park(parked.id, "no quota")
    journal.answers([Asked("app/a", "hold-holds", refused("it was reverted"), datetime(2026, 11, 25, tzinfo=UTC))])
    journal.doing("app/b, step 1 of 3")
    journal.flush()
    seen = load(state)
    assert seen is not None
    assert [subject.id for subject in seen.subjects] == ["app/b", "phase/1-first", "task/agree", "app/a"]
    assert seen.totals == {"phase": {"pending": 1}, "task": {"todo": 1}, "app": {"planned": 1, "prepared": 1}}
    assert [(parked.id, 3)] == [(move.transition.id, len(move.rows)) for move in seen.open]
    assert [row.name for row in seen.last["app/a"].rows] == ["fence-on"]
    assert [asked.answer.why for asked in seen.refused["app/a"]] == ["it was reverted"]
    assert (seen.held, seen.operator and seen.operator.who, seen.operator and seen.operator.doing) == (True, "anna", "app/b, step 1 of 3")
    assert (seen.plan["name"], seen.count) == ("small", 4)
    journal.close()
    after = load(state, page=2)
    assert after is not None
    assert (after.held, len(after.subjects), after.count) == (False, 2, 4)


def test_before_a_journal_there_is_nothing_and_nothing_is_made(state: Path) -> None:
    """A reader makes no folder, no file, no error."""
    view = View(state)
    assert (load(state), history(state), view.subjects(), view.pins(), view.open_transition("app/a")) == (None, [], [], {}, None)
    with pytest.raises(KeyError):
        view.subject("app/a")
    assert not state.exists()


def test_a_fold_knows_no_times_and_no_attempts(journal: Journal, begin: Begin, state: Path) -> None:
    """A second attempt and another minute are the same story; another change is another."""
    move = begin(journal)
    row = journal.attempt(journal.rows(move.id)[0], CHANGE, (), "1")
    before = fold(state)
    journal.attempt(row, CHANGE, (), "2")
    assert before == fold(state)
    journal.attempt(journal.rows(move.id)[1], CHANGE, (), "2")
    assert before != fold(state)


def test_history_is_cut_by_subject_and_time(journal: Journal, begin: Begin, state: Path) -> None:
    """Refusals before a move stand in it too."""
    moved(journal, begin, "planned", "prepared")
    journal.answers([Asked("app/b", "hold-holds", refused("no"), datetime(2026, 11, 25, tzinfo=UTC))])
    journal.flush()
    assert [told.subject for told in history(state)] == ["app/a", "app/b"]
    assert [told.subject for told in history(state, since=datetime(2026, 11, 25, tzinfo=UTC))] == ["app/b"]
    assert history(state, "task/agree") == []


def test_rows_of_a_way_back_name_what_they_undo(journal: Journal, begin: Begin) -> None:
    """An undo carries the change as it was recorded, and which row it takes back."""
    move = moved(journal, begin, "planned", "prepared")
    rows = [NewRow("undo-fence-on", {"do": "undo"}, CHANGE.undone, (move.id, 1))]
    back = begin(journal, "prepared", "planned", direction="back", rows=rows, of=move.id)
    (row,) = journal.rows(back.id)
    assert ((move.id, 1), CHANGE.undone) == (row.undoes, row.change)
