"""Sets of numbered records, kept as sorted intervals: what people wrote, what a volume holds, and the subtraction of the two (lab.md 17)."""

from __future__ import annotations

from collections.abc import Iterable

#: Half-open, sorted, apart from each other: ((0, 5), (9, 12)) are the records 0-4 and 9-11.
Records = tuple[tuple[int, int], ...]


def union(*sets: Records) -> Records:
    out: list[tuple[int, int]] = []
    for low, high in sorted(one for each in sets for one in each if one[1] > one[0]):
        if out and low <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)


def minus(these: Records, those: Records) -> Records:
    out: list[tuple[int, int]] = []
    for interval in these:
        low, high = interval
        for taken_from, taken_to in those:
            if taken_to <= low or taken_from >= high:
                continue
            if taken_from > low:
                out.append((low, taken_from))
            low = max(low, taken_to)
        if low < high:
            out.append((low, high))
    return tuple(out)


def count(these: Iterable[tuple[int, int]]) -> int:
    return sum(high - low for low, high in these)
