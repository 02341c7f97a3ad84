"""Times as a person writes them: `3m`, `1h30m`, `7d`. A bare number is refused, for it could be anything."""

from __future__ import annotations

import re

PATTERN = r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"
_SHAPE = re.compile(PATTERN)
_LONGEST = 20  # characters; Python refuses to read a number of thousands
_UNITS = (86_400, 3_600, 60, 1)
MEANT = "should be a duration such as 3m, 1h30m or 7d"


def seconds(text: object) -> float:
    """The duration in seconds. `ValueError` says what was meant."""
    match = _SHAPE.fullmatch(text) if isinstance(text, str) else None
    if match is None or len(match[0]) > _LONGEST:
        raise ValueError(MEANT)
    return float(sum(int(part[:-1]) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part))


def spell(amount: float) -> str:
    """A number of seconds as a plan would write it."""
    left, out = round(amount), ""
    for unit, letter in zip(_UNITS, "dhms", strict=True):
        count, left = divmod(left, unit)
        out += f"{count}{letter}" if count else ""
    return out or "0s"
