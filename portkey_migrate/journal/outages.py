"""Since when people were down, and until when, told from a subject's transitions alone. Screens and the engine's estimates count the same way.

The transition that ends an outage is rarely the one that began it: it begins while `quiesced` and ends while `routed`, or on a way back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any


class Outage:
    """One outage of one subject. A plain class: `status` imports it, and a NamedTuple costs it half a millisecond."""

    def __init__(self, began: Any) -> None:
        """`began`: the transition that began it."""
        self.since: datetime = began.down_from
        self.until: datetime | None = None  # None: it goes on
        self.began = began
        self.ended = began  # the one that ended it, or the newest one in it

    def seconds(self, now: datetime | None = None) -> float:
        """How long it was, or is."""
        end = self.until or now
        return max((end - self.since).total_seconds(), 0.0) if end is not None else 0.0


def outages(transitions: Sequence[Any]) -> list[Outage]:
    """Every one, oldest first. `transitions`: of one subject, in the order of their begin."""
    out: list[Outage] = []
    open_: Outage | None = None
    for move in transitions:
        if open_ is None and move.down_from is not None:
            open_ = Outage(move)
            out.append(open_)
        if open_ is not None:
            open_.ended, open_.until = move, move.down_to
            if move.down_to is not None:
                open_ = None
    return out


def moving(transitions: Sequence[Any]) -> float | None:
    """Seconds that people were down while it moved to Talos, the newest time that it did; None: never measured."""
    return _newest(one.seconds() for one in _over(transitions, "forward", "forward"))


def asked_back(transitions: Sequence[Any]) -> float | None:
    """Seconds that people were down on an asked-for way back from Talos; None: never measured."""
    return _newest(one.seconds() for one in _over(transitions, "back", "back"))


def by_itself(transitions: Sequence[Any]) -> float | None:
    """Seconds from the failure to K3s serving again, the newest time that it went back before the pivot; None: never measured."""
    return _newest((one.until - one.ended.begun).total_seconds() for one in _over(transitions, "forward", "back") if one.until)


def _over(transitions: Sequence[Any], began: str, ended: str) -> list[Outage]:
    return [one for one in outages(transitions) if one.until and (one.began.direction, one.ended.direction) == (began, ended)]


def _newest(seconds: Iterable[float]) -> float | None:
    measured = list(seconds)
    return measured[-1] if measured else None
