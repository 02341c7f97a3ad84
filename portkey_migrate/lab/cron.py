"""When a schedule comes round next (UTC): `minute hour * * *` with numbers, lists, ranges and steps, which is what the clusters use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from portkey_migrate.lab.truth import assumed, read

FACTS = (
    read("five fields, numbers, lists, ranges and steps", "volsync internal/controller/statemachine/machine.go:254 getSchedule"),
    assumed("a schedule is in UTC", "the controller goes by its container's zone", "either"),
)


@cache
def _field(text: str, low: int, high: int) -> tuple[int, ...]:
    out: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = low if span == "*" else int(first)
        end = high if span == "*" or (step and not last) else int(last or first)
        out.update(range(start, end + 1, int(step or 1)))
    return tuple(sorted(out))


def following(schedule: str, after: float) -> float:
    """The first moment of a schedule after this one."""
    minute, hour, *_ = schedule.split()
    minutes, hours = _field(minute, 0, 59), _field(hour, 0, 23)
    day = datetime.fromtimestamp(after, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (0, 1):
        for one in ((day + timedelta(days=days, hours=h, minutes=m)).timestamp() for h in hours for m in minutes):
            if one > after:
                return one
    raise ValueError(schedule)
