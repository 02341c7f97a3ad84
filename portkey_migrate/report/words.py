"""Durations, times and small words as a person reads them: `2m 14s`, `14:02:07`, `Sat 28 Nov 14:06`."""

from __future__ import annotations

from datetime import datetime, tzinfo

_DAY = 86400
_TENTHS = 10


def duration(seconds: float) -> str:
    """Two units at most; under ten seconds with a tenth, because there an outage is counted in tenths."""
    if seconds < _TENTHS:
        return f"{max(seconds, 0.0):.1f}s" if seconds % 1 else f"{int(max(seconds, 0))}s"
    whole = round(seconds)
    parts = [(whole // _DAY, "d"), (whole % _DAY // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s")]
    first = next(n for n, (count, _) in enumerate(parts) if count)
    (count, unit), *rest = parts[first : first + 2]
    if not rest or not rest[0][0]:
        return f"{count}{unit}"
    more = rest[0]
    return f"{count}{unit} {more[0]:02d}{more[1]}" if more[1] == "s" else f"{count}{unit} {more[0]}{more[1]}"


def age(at: datetime, now: datetime) -> str:
    """`26 h`: of what is good for a day, in the one unit that a person compares."""
    minutes = max(int((now - at).total_seconds() // 60), 0)
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004 (an hour)


def ago(at: datetime, now: datetime) -> str:
    return f"{duration(max((now - at).total_seconds(), 0))} ago"


def clock(at: datetime, now: datetime, tz: tzinfo | None) -> str:
    """The time alone for today, with the day otherwise."""
    there, here = at.astimezone(tz), now.astimezone(tz)
    if there.date() == here.date():
        return there.strftime("%H:%M:%S")
    pattern = "%a %-d %b %H:%M" if there.year == here.year else "%a %-d %b %Y %H:%M"
    return there.strftime(pattern)


def moment(at: datetime, tz: tzinfo | None) -> str:
    """Day and time: what a page is of, so that a printed one does not lie tomorrow."""
    return at.astimezone(tz).strftime("%a %-d %b %Y %H:%M:%S")


def utc(at: datetime | None) -> str | None:
    """As a document holds it."""
    if at is None:
        return None
    from datetime import UTC

    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def typed(subject: str) -> str:
    """A subject as a command names it: `app speedtest`."""
    return subject.replace("/", " ", 1)


def count(number: int, one: str, many: str = "") -> str:
    """`1 app`, `3 apps`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(names: list[str], most: int = 4) -> str:
    """`a, b and c`; what is more than `most` is counted."""
    if len(names) > most:
        return ", ".join(names[:most]) + f" and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def world(name: str) -> str:
    """The sentence that every screen of a rehearsal begins with; "" for the real world."""
    if name in ("", "real"):
        return ""
    if name.split(":", maxsplit=1)[0] == "lab":
        seed = f", seed {name[4:]}" if name[4:] else ""
        return f"This is the lab{seed}: a simulated world, no real cluster is touched."
    return f"This is {name}: servers that were started for a test, no cluster of yours is touched."


def commands(hint: str) -> list[str]:
    """The commands of a hint: one a line, or side by side with ` | ` between."""
    return [command.strip() for line in hint.split("\n") for command in line.split(" | ") if command.strip()]
