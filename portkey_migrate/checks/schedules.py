"""How far apart a cron schedule's runs are: what `backup-is-fresh` measures a backup's age against. VolSync takes five fields, in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_WORDS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
_LOOK_BACK = timedelta(days=63)  # two months: a monthly schedule runs twice in it


def interval(schedule: str, now: datetime) -> timedelta | None:
    """The longest time between the schedule's last three runs before `now`; None: it cannot be read, or runs too rarely to say."""
    parts = _WORDS.get(schedule.strip(), schedule).split()
    if len(parts) != len(_FIELDS):
        return None
    try:
        minutes, hours, days, months, weekdays = (_values(part, *span) for part, span in zip(parts, _FIELDS, strict=True))
    except ValueError:
        return None
    weekdays = {day % 7 for day in weekdays}
    either = parts[2] != "*" and parts[4] != "*"  # both given: cron runs on either
    runs: list[datetime] = []
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    while day > now - _LOOK_BACK and len(runs) < 3:  # noqa: PLR2004 (three runs are two gaps)
        of_month, of_week = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and ((of_month or of_week) if either else (of_month and of_week)):
            times = [day.replace(hour=hour, minute=minute) for hour in sorted(hours, reverse=True) for minute in sorted(minutes, reverse=True)]
            runs += [time for time in times if time <= now]
        day -= timedelta(days=1)
    gaps = [later - earlier for later, earlier in pairwise(runs[:3])]
    return max(gaps) if gaps else None


def _values(text: str, low: int, high: int) -> set[int]:
    out: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("" if span == "*" else span).partition("-")
        begin = int(first) if first else low
        end = int(last) if last else high if (not first or step) else begin
        every = int(step) if step else 1
        if not low <= begin <= end <= high or every < 1:
            raise ValueError(text)
        out.update(range(begin, end + 1, every))
    return out
