"""Where the controllers have the last word: both sides come to rest in the same place."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.real.conftest import SETTLED, Tally
from tests.real.shrink import Disagreement


@pytest.fixture(scope="session")
def outcomes(settling: Future[dict[str, Disagreement | None]], tally: Tally) -> dict[str, Disagreement | None]:
    found = settling.result()
    tally.settled = len(found)
    return found


@pytest.mark.parametrize("path", SETTLED, ids=lambda path: path.stem)
def test_both_come_to_rest_in_the_same_place(path: Path, outcomes: dict[str, Disagreement | None]) -> None:
    """With the real controller-manager there, and the lab's controllers here."""
    found = outcomes[path.stem]
    if found is not None:
        pytest.fail(found.text, pytrace=False)
