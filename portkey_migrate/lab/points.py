"""Crash points: after each commit, before and after each landed call that changes something (lab.md 13). Reads add none.

At each the tool is parked, so a copy of the world and of `state/` taken there is what a SIGKILL at that instant leaves behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab import copies

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World


@dataclass(frozen=True)
class Point:
    n: int
    what: str  # "commit", "before PATCH …", "after PATCH …"
    t: float

    @property
    def data(self) -> dict[str, Any]:
        return {"n": self.n, "what": self.what, "t": self.t}


class Points:
    """Counts crash points; copies each of them, or holds the world at one."""

    def __init__(self, world: World, state: Path | None) -> None:
        self.world, self.state = world, state
        self.seen: list[Point] = []
        self.record_into: Path | None = None
        self.stop_at = 0
        self.stop_in_doubt = False  # hold where the connection of a late twin's caller is about to break
        self.held = False  # nobody is answered and no event is taken, until the harness has killed the tool
        self._landing: tuple[float, int] | None = None  # the event before which a point was made already
        self._landed = ""

    def committed(self) -> None:
        self._point("commit")

    def before(self, event: tuple[float, int, str, tuple[Any, ...]] | None) -> bool:
        """Asked before each event: whether the world is to be held here."""
        if event is None or event[2] not in ("land", "twin_lands") or self._landing == event[:2]:
            return False
        call = self.world.calls.get(event[3][0])
        if call is None or not call.mutating or call.landed_at is not None:
            return False
        self._landing, self._landed = event[:2], call.place
        self._point(f"before {call.place}")
        return self.held

    def in_doubt(self, event: tuple[float, int, str, tuple[Any, ...]] | None) -> bool:
        """A late twin's caller has sent and knows nothing yet: whoever is to die in doubt dies here."""
        if self.stop_in_doubt and event is not None and event[2] == "break_off":
            call = self.world.calls.get(event[3][0])
            if call is not None and call.id in self.world.twins:
                self.stop_in_doubt, self.held = False, True
                return True
        return False

    def after(self) -> None:
        if self._landed:
            what, self._landed = self._landed, ""
            self._point(f"after {what}")

    def _point(self, what: str) -> None:
        point = Point(len(self.seen) + 1, what, self.world.now)
        self.seen.append(point)
        if self.record_into is not None:
            copies.save(self.world, self.state, self.record_into / f"{point.n:04d}")
        if self.stop_at == point.n:
            self.held = True
