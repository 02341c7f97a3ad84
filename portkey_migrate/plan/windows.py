"""When an outage may begin: `Sat 14:00-18:00`, `Mon-Fri 10:00-16:00`, several with commas, in the plan's timezone.

Standard library only: the engine asks it before an outage, and `status` prints it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from portkey_migrate.model import Window

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ONE = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))? [0-2]?\d:[0-5]\d-[0-2]?\d:[0-5]\d"
PATTERN = rf"^{_ONE}(, ?{_ONE})*$"
MEANT = "should be a window such as Sat 14:00-18:00 or Mon-Fri 10:00-16:00, several with commas"
_SPAN = re.compile(r"(?P<first>[A-Za-z]{3})(?:-(?P<last>[A-Za-z]{3}))?\s+(?P<from>\d{1,2}:\d\d)-(?P<to>\d{1,2}:\d\d)")
_HOUR = 60
_DAY = 24 * _HOUR


def window(text: object) -> Window:
    """A window from its text. Where a span ends before it begins, it ends the next day. `ValueError` says what was meant."""
    if not isinstance(text, str):
        raise ValueError(MEANT)  # noqa: TRY004  pydantic reports a ValueError with its place and lets a TypeError through
    parts = [_span(part.strip()) for part in text.split(",")]
    days, start, end = parts[0]
    return Window(days, start, end, text, tuple(Window(*part, text) for part in parts[1:]))


def _span(text: str) -> tuple[tuple[int, ...], int, int]:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(MEANT)
    first, last = _day(match["first"]), _day(match["last"] or match["first"])
    days = tuple((first + n) % 7 for n in range((last - first) % 7 + 1))
    start, end = _minutes(match["from"]), _minutes(match["to"])
    if start >= _DAY or end > _DAY or start == end:
        raise ValueError(MEANT)
    return days, start, end if end > start else end + _DAY


def _day(text: str) -> int:
    try:
        return DAYS.index(text.capitalize())
    except ValueError:
        raise ValueError(f"no day is named {text}: {', '.join(DAYS)}") from None


def _minutes(text: str) -> int:
    hours, minutes = map(int, text.split(":"))
    if minutes >= _HOUR:
        raise ValueError(MEANT)
    return hours * _HOUR + minutes


def opens(window: Window, timezone: str, now: datetime) -> datetime | None:
    """None: open now. Else when it opens next, in the plan's timezone. `now` is aware."""
    zone = ZoneInfo(timezone)
    begin, end = min((span for span in _spans(window, zone, now) if now < span[1]), key=lambda span: span[0])
    return None if begin <= now < end else begin.astimezone(zone)


def _spans(window: Window, zone: ZoneInfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The spans around now, by the wall clock, as people expect when clocks change. From the days before, too: one may end after midnight."""
    today = now.astimezone(zone).date()
    for part in (window, *window.also):
        for offset in range(-2, 9):
            day = today + timedelta(days=offset)
            if day.weekday() in part.days:
                midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
                # Aware plus timedelta is wall-clock arithmetic; UTC makes the two ends comparable.
                yield (midnight + timedelta(minutes=part.start)).astimezone(UTC), (midnight + timedelta(minutes=part.end)).astimezone(UTC)
