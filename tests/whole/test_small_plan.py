"""A plan of two phases goes from nothing to closed by `migrate advance` alone, and all the way back phase by phase."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.whole.desk import REPO, Desk, desk

HOME = REPO / "tests" / "plans" / "two-apps"
pytestmark = pytest.mark.world("fork", "subprocess", "sleep")
DAY = 86400.0


def advance_until_nothing(here: Desk) -> list[int]:
    codes = []
    for _ in range(20):
        ran = here.type("advance", "-y", "--confirm", "two-apps")
        codes.append(ran.code)
        assert ran.code == 0, ran.err
        if "nothing to do" in ran.out:
            return codes
        here.wait(3 * DAY)
    raise AssertionError(f"twenty commands and no end: {here.states()}\n{here.typed[-1].out}")


def test_from_nothing_to_closed_and_all_the_way_back(tmp_path: Path) -> None:
    """Every phase closes by `advance` with no subject; `rollback phase` takes each back, and the earlier one is refused while the later needs it."""
    with desk(tmp_path, "small", HOME) as here:
        advance_until_nothing(here)
        done = here.states()
        phases = [name for name in done if name.startswith("phase/")]
        assert {name: done[name] for name in phases} == dict.fromkeys(phases, "closed")
        assert {state for name, state in done.items() if name.startswith("app/")} == {"committed"}

        first, second = sorted(phases)
        refused = here.type("rollback", *first.split("/"), "-y")
        assert refused.code == 3, refused.err
        for phase in (second, first):
            back = here.type("rollback", *phase.split("/"), "-y")
            assert back.code == 0, back.err
        left = here.states()
        assert {state for name, state in left.items() if name.startswith("app/")} == {"planned"}
        assert {state for name, state in left.items() if name.startswith("task/")} == {"todo"}
        assert {state for name, state in left.items() if name.startswith("phase/")} == {"pending"}
