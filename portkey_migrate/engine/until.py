"""The only place that waits. A proof or a check is asked again while it says not-yet, until a deadline; a time-out carries the last answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from portkey_migrate.errors import NotServed, Unreachable
from portkey_migrate.model import Answer
from portkey_migrate.systems.at import AGAIN, At

POLL = 0.05  # seconds from look to look at what cannot be watched (an HTTP answer); inside an outage the last of them is downtime of our own
REST = 0.01  # at least this much of it is slept: a look that takes long itself (rbd) must not become a busy loop
WATCH = 30.0  # a watch is opened anew at least this often
UNREAD = 2.0  # seconds before a system that could not be read is asked again


def until(
    at: At,
    look: Callable[[], Answer],
    within: float,
    wait: Callable[[Answer, float], Any] = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> Answer:
    """Asks until the answer is not `not-yet`, or `within` seconds have passed, or `stop` says so.

    `wait(answer, seconds_so_far)` is told before each wait: progress, never a decision.
    """
    began = at.clock.monotonic()
    while True:
        looked = at.clock.monotonic()
        answer = _asked(at, look)
        passed = at.clock.monotonic() - began
        if answer.verdict != "not-yet" or passed >= within or stop():
            return answer if answer.verdict != "not-yet" else replace(answer, why=f"{answer.why}, after {passed:.0f} s")
        wait(answer, passed)
        left = within - passed
        if answer.watch is None:
            spent = at.clock.monotonic() - looked
            at.clock.sleep(min(UNREAD if "unread" in answer.values else max(POLL - spent, REST), left))
            continue
        watch, again = answer.watch, min(WATCH, left, float(answer.values.get(AGAIN, WATCH)))
        try:
            at.systems[watch.system].watch(watch.kind, watch.namespace, at.since(watch), again)
        except Unreachable:
            at.clock.sleep(min(UNREAD, left))


def _asked(at: At, look: Callable[[], Answer]) -> Answer:
    at.fresh()
    try:
        return look()
    except (Unreachable, NotServed) as error:  # an API server that starts serves its custom kinds a moment later (measured)
        return Answer("not-yet", {"unread": True}, f"cannot be read: {error.what}")
