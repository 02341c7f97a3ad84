"""Where the controllers have the last word: both sides come to rest in the same place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.real.cluster import Cluster
from tests.real.conftest import HERE, Tally
from tests.real.grounds import Real
from tests.real.script import load
from tests.real.shrink import Disagreement, disagreement

SETTLED = sorted((HERE / "settled").glob("*.yaml"))


@pytest.fixture(scope="session")
def outcomes(whole: Cluster, tally: Tally) -> dict[str, Disagreement | None]:
    """All of them side by side: they mostly wait, the real binder for its next round of 15 s."""

    def settled(path: Path) -> Disagreement | None:
        real = Real(whole)
        try:
            return disagreement(load(path), real)
        finally:
            real.close()

    with ThreadPoolExecutor(8) as pool:
        found = dict(zip((path.stem for path in SETTLED), pool.map(settled, SETTLED), strict=True))
    tally.settled = len(found)
    return found


@pytest.mark.parametrize("path", SETTLED, ids=lambda path: path.stem)
def test_both_come_to_rest_in_the_same_place(path: Path, outcomes: dict[str, Disagreement | None]) -> None:
    """With the real controller-manager there, and the lab's controllers here."""
    found = outcomes[path.stem]
    if found is not None:
        pytest.fail(found.text, pytrace=False)
