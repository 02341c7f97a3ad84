"""What a person is asked before an outage and before a way back: measured where it was, said to be not measured where it was not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from portkey_migrate.engine.estimates import about, filled, spoken
from portkey_migrate.engine.goingback import going_back, size, written
from portkey_migrate.engine.telling import Telling, resumed
from portkey_migrate.errors import Unreachable
from portkey_migrate.journal.rows import Row, Subject, Transition
from portkey_migrate.model import Change, Direction, Found, Ref, Volume, ok
from portkey_migrate.systems.at import At

NOW = datetime(2026, 11, 24, 14, 6, tzinfo=UTC)
VOLUME = Volume("data", "pvc-1", "ceph-block", "csi-vol-1", "1Gi", "ceph-block")
FOUND = Found("vaultwarden", "vaultwarden", (), "vaultwarden", "vw.example", "/alive", "vaultwarden", 80, "", (), "", "", (VOLUME,))
QUESTION = "Down {down} of 3m. Back by itself, {home}. After that lossless, {back}, until {node} leaves K3s. Go?"


class Ceph:
    """Answers how much was written, or that it cannot be read."""

    def __init__(self, count: int | None) -> None:
        self.count, self.asked = count, dict[str, Any]()

    def ask(self, question: str, **values: Any) -> dict[str, int]:
        self.asked = {"question": question, **values}
        if self.count is None:
            raise Unreachable("what was written to csi-vol-1 cannot be read: rbd: timed out")
        return {"bytes": self.count}


class Clock:
    """Stands until it is moved."""

    at = NOW

    def now(self) -> datetime:
        return self.at


def _at(count: int | None = 0, **more: Any) -> At:
    nobody: Any = None
    return At("app/vaultwarden", "", nobody, {"ceph": Ceph(count)}, nobody, nobody, found=FOUND, **more)  # type: ignore[dict-item] # of a System only `ask` is asked


def _move(id_: int, way: str, begun: float, down: float | None = None, up: float | None = None, reaches: str = "quiesced") -> Transition:
    def when(seconds: float | None) -> datetime | None:
        return None if seconds is None else NOW + timedelta(seconds=seconds)

    leaves, begun_at = "prepared", NOW + timedelta(seconds=begun)
    direction: Direction = "back" if way == "back" else "forward"
    return Transition(
        id_,
        "app/vaultwarden",
        leaves,
        reaches,
        direction,
        "handover",
        f"pm-8f2c-{id_}",
        "",
        "0",
        {},
        begun_at,
        down_from=when(down),
        down_to=when(up),
    )


def test_before_the_first_move_an_estimate_says_that_it_is_one() -> None:
    """The recipe's own number, and that nobody measured it."""
    asked = filled(QUESTION, _at(), [], 60.0)
    assert asked == (
        "Down about a minute (not measured yet) of 3m. Back by itself, about a minute (not measured yet). "
        "After that lossless, about a minute (not measured yet), until its node leaves K3s. Go?"
    )


def test_after_it_moved_once_each_way_all_three_are_what_was_measured() -> None:
    """Forward, back by itself from the failure on, and back when asked for; the node is the one that had the image open."""
    moves = [
        _move(1, "forward", 0, 10), _move(2, "back", 130, up=171),
        _move(3, "forward", 300, 310), _move(4, "forward", 400, up=439, reaches="routed"),
        _move(5, "back", 900, 905, 1029),
    ]  # fmt: skip
    at = _at(checked={"writer-is-known": ok("", nodes=["metal0"])})
    assert (
        filled(QUESTION, at, moves, 60.0)
        == "Down about 2m 10s of 3m. Back by itself, about 45s. After that lossless, about 2m 05s, until metal0 leaves K3s. Go?"
    )


def test_a_question_without_braces_is_asked_as_it_is() -> None:
    """A stateless app's needs no estimate."""
    assert filled("nobody is down. Go?", _at(), [], 0.0) == "nobody is down. Go?"


@pytest.mark.parametrize(("seconds", "text"), [(1, "5s"), (41, "45s"), (58, "a minute"), (60, "a minute"), (120, "2m"), (126, "2m 10s")])
def test_an_estimate_is_no_finer_than_one_measurement_can_be(seconds: float, text: str) -> None:
    """To the next five seconds, never less than it took."""
    assert spoken(seconds) == text
    assert about(seconds, 0) == f"about {text}"


def _begun() -> list[tuple[Transition, Row]]:
    point = Row(
        3, 1, "restore-point-t0:ceph/csi-vol-1", {}, Change(Ref("ceph", "Snapshot", "ceph-block", "csi-vol-1@pm-8f2c-3-t0"), None, {"name": "x"})
    )
    route = Row(4, 1, "route:source/vaultwarden", {}, attempt=1, sent_at=NOW)
    return [(_move(3, "forward", 0, reaches="transferred"), point), (_move(4, "forward", 1, reaches="routed"), route)]


def test_going_back_says_what_was_written_since_and_that_it_is_kept() -> None:
    """Bytes by the restore point inside the outage; what nobody counts is not measured, never 0."""
    subject = Subject("app", "vaultwarden", "protected", 7, "handover", outage=180.0)
    at = _at(812 * 1024)
    asked = going_back(subject, at, [], _begun(), 60.0, "2 nodes take Pods, 6 objects stand")
    assert asked == (
        "app/vaultwarden: since the pivot (Tue 2026-11-24 14:06 UTC): about 812 KiB written at most; writes and items not measured. "
        "Going back keeps them (same volume). Down about a minute (not measured yet). "
        "True just now: 2 nodes take Pods, 6 objects stand. Also goes back: nothing. Go?"
    )
    assert at.systems["ceph"].asked == {"question": "changed", "pool": "ceph-block", "image": "csi-vol-1", "since": "pm-8f2c-3-t0"}  # type: ignore[attr-defined] # the fake above


def test_bytes_that_cannot_be_read_are_not_measured_and_do_not_stop_the_question() -> None:
    """Whoever must go back can, though Ceph's command does not answer now."""
    assert written(_at(None), _begun()) == "bytes not measured (what was written to csi-vol-1 cannot be read: rbd: timed out)"
    assert written(_at(5), []) == "bytes not measured (no restore point)"


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (1023, "1023 B"), (831_488, "812 KiB"), (3 * 1024**3, "3 GiB")])
def test_sizes_have_a_unit_that_a_person_reads(count: int, text: str) -> None:
    """`812 KiB`."""
    assert size(count) == text


def test_inside_an_outage_every_event_carries_for_how_long() -> None:
    """From `down` to `up`, and from the beginning where a crash lay between."""
    said: list[dict[str, Any]] = []
    clock: Any = Clock()
    telling = Telling(lambda event: said.append(dict(event)), clock, [], 180.0)
    telling({"event": "step", "name": "hold"})
    telling({"event": "down"})
    clock.at = NOW + timedelta(seconds=9)
    telling({"event": "step", "name": "scale"})
    telling({"event": "up", "for": 9.0})
    assert [event.get("down") for event in said] == [None, 0.0, 9.0, None]
    again = Telling(lambda event: said.append(dict(event)), clock, [_move(1, "forward", -60, -51)], 180.0)
    again({"event": "wait", "name": "node-answered"})
    assert (said[-1]["down"], said[-1]["budget"]) == (60.0, 180.0)


def test_what_the_last_run_left_is_told_with_the_step_that_nobody_saw_the_answer_of() -> None:
    """Who, how far, when it was sent; a step that was not begun has no time."""
    move = _move(4, "forward", 0, reaches="routed")
    sent = Row(4, 2, "route:source/vaultwarden", {}, attempt=1, sent_at=NOW, reply="")
    done = SimpleNamespace(n=1, name="hold-holds", done_at=NOW, attempt=0, sent_at=None, reply="")
    rows: list[Any] = [done, sent]
    event = resumed(move, rows)
    assert (event["step"], event["of"], event["name"], event["sent"], event["attempt"]) == (2, 2, "route:source/vaultwarden", NOW, 1)
    assert resumed(move, [done])["sent"] is None  # type: ignore[list-item] # a Row by its attributes
