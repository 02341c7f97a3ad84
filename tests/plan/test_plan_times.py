"""Durations and windows: what a person writes, and when an outage may begin."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portkey_migrate.plan import durations
from portkey_migrate.plan.windows import opens, window


@pytest.mark.parametrize(("text", "amount"), [("3m", 180), ("1h30m", 5400), ("7d", 604_800), ("45s", 45), ("1d2h3m4s", 93_784), ("0s", 0)])
def test_a_duration_is_seconds(text: str, amount: float) -> None:
    """And is spelled as it was written."""
    assert durations.seconds(text) == amount
    assert durations.spell(amount) == text


@pytest.mark.parametrize("text", ["", "3", 3, "m", "3 m", "-3m", "3m1h", "1.5h", None, True, "9" * 40 + "d", "3m\n"])
def test_what_is_no_duration_is_refused(text: object) -> None:
    """A bare number above all, for it could be anything."""
    with pytest.raises(ValueError, match="should be a duration"):
        durations.seconds(text)


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def when(text: str, now: str, timezone: str = "Asia/Dubai") -> str:
    """When a window opens, in the plan's timezone; "" where it is open."""
    there = opens(window(text), timezone, at(now))
    return there.strftime("%a %d %H:%M %z") if there else ""


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("Sat 14:00-18:00", "2026-11-28 10:00", ""),  # 14:00 in Dubai, to the minute
        ("Sat 14:00-18:00", "2026-11-28 09:59", "Sat 28 14:00 +0400"),
        ("Sat 14:00-18:00", "2026-11-28 14:00", "Sat 05 14:00 +0400"),  # its end is outside
        ("Mon-Fri 10:00-16:00", "2026-11-28 10:00", "Mon 30 10:00 +0400"),
        ("Fri-Mon 10:00-16:00", "2026-11-29 07:00", ""),  # over the end of the week
        ("Sat 09:00-12:00, Tue 19:00-23:00", "2026-11-28 10:00", "Tue 01 19:00 +0400"),
        ("Sat 09:00-12:00, Tue 19:00-23:00", "2026-12-01 16:00", ""),
        ("Sat 22:00-02:00", "2026-11-28 21:00", ""),  # one in the morning of Sunday
        ("Sat 22:00-02:00", "2026-11-28 22:00", "Sat 05 22:00 +0400"),
        ("Sat 20:00-24:00", "2026-11-28 19:59", ""),
    ],
)
def test_a_window_opens_by_the_plans_clock(text: str, now: str, expected: str) -> None:
    """None means now; else the next moment."""
    assert when(text, now) == expected


def test_a_window_follows_the_change_of_the_clocks() -> None:
    """On the Sunday that Berlin goes to winter time ten o'clock is nine in UTC."""
    assert when("Sun 10:00-11:00", "2026-10-24 12:00", "Europe/Berlin") == "Sun 25 10:00 +0100"


@pytest.mark.parametrize(
    "text",
    ["", "Sat", "Sat 14-18", "Sat 14:00", "Foo 14:00-18:00", "Sat 24:00-25:00", "Sat 14:70-15:00", "Sat 14:00-14:00", "Sat 14:00-18:00,", 7, None],
)
def test_what_is_no_window_is_refused(text: object) -> None:
    """Each with the words that say what was meant."""
    with pytest.raises(ValueError, match=r"window|day"):
        window(text)
