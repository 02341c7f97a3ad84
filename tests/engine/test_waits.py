"""What happens at a wait: what is held is committed, the person is told for what, and what passes by itself is waited for."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from portkey_migrate.engine.until import until
from portkey_migrate.engine.walk import Walk
from portkey_migrate.errors import NotServed, Unreachable
from portkey_migrate.model import Answer, not_yet, ok


class Clock:
    """A look costs 4 ms, a sleep its seconds."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        self.at += 0.004
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def walk(told: list[str], flushed: list[float]) -> Walk:
    clock = Clock()
    at: Any = SimpleNamespace(clock=clock, fresh=lambda: None, systems={})
    journal = SimpleNamespace(flush=lambda: flushed.append(clock.at))
    nobody: Any = None
    return Walk(SimpleNamespace(subject="app/a"), at, journal, nobody, lambda event: told.append(str(event["waits_for"])), lambda: False)  # type: ignore[arg-type] # of each only this is asked


def after(looks: int, first: Callable[[], Answer]) -> Callable[[], Answer]:
    """Answers so for some looks, then ok."""
    left = [looks]

    def look() -> Answer:
        left[0] -= 1
        return first() if left[0] >= 0 else ok()

    return look


def test_what_is_held_is_committed_before_a_wait() -> None:
    """However little time the first look took: a wait may last half an hour, and others read the journal meanwhile."""
    told: list[str] = []
    flushed: list[float] = []
    row: Any = SimpleNamespace(name="scale")
    walk(told, flushed)._until(row, after(1, lambda: not_yet("no", waits_for="Pods to end")), 60.0)
    assert flushed
    assert flushed[0] < 0.1


def test_another_reason_is_told_at_once() -> None:
    """The same one not twenty times a second; a new one before a long watch begins."""
    told: list[str] = []
    reasons = iter(["Pods to end", "Pods to end", "Pods to end", "the volume to be detached"])
    row: Any = SimpleNamespace(name="quiet")
    walk(told, [])._until(row, after(4, lambda: not_yet("no", waits_for=next(reasons))), 60.0)
    assert told == ["Pods to end", "the volume to be detached"]


@pytest.mark.parametrize("error", [Unreachable("no answer"), NotServed("serves no applications.argoproj.io")])
def test_what_cannot_be_read_for_a_moment_is_asked_again(error: Exception) -> None:
    """An API server that starts serves its custom kinds later than its own: no reason to take a move back."""

    def fails() -> Answer:
        raise error

    at: Any = SimpleNamespace(clock=Clock(), fresh=lambda: None, systems={})
    assert until(at, after(2, fails), 60.0).verdict == "ok"
    assert until(at, fails, 5.0).verdict == "not-yet"
