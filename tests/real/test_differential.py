"""The same random requests to the real server and to the lab: status, reason and what changed agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.conftest import REGRESSIONS, SEQUENCES, Transcripts
from tests.real.grounds import Real
from tests.real.script import load
from tests.real.sequences import script
from tests.real.shrink import Disagreement, compared, disagreement, shrunk

BLOCK = 10


def told(found: Disagreement, real: Real) -> str:
    """A disagreement as it is read: cut down, as a script, and as the file that keeps it."""
    small = shrunk(found, lambda script: disagreement(script, real))
    return f"{small.text}\n\nkept as tests/real/regressions/NAME.yaml it is\n{small.script.dump()}"


@pytest.mark.parametrize("first", range(1, SEQUENCES + 1, BLOCK))
def test_random_requests_agree(first: int, transcripts: Transcripts, real: Real) -> None:
    """Ten sequences of 36 requests, none of them with a different answer."""
    for seed in range(first, first + BLOCK):
        one, space, said, lab = transcripts.of(seed)
        found = compared(one, said, lab, space)
        if found is not None:
            pytest.fail(told(found, real), pytrace=False)


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_what_once_disagreed_agrees(path: Path, real: Real) -> None:
    """Each disagreement that was found, as the short script that showed it."""
    found = disagreement(load(path), real)
    if found is not None:
        pytest.fail(found.text, pytrace=False)


def test_a_script_is_its_seeds_alone() -> None:
    """The same seed is the same requests, and every script is long enough to be one."""
    assert [script(seed) for seed in (1, 2)] == [script(seed) for seed in (1, 2)]
    assert all(len(script(seed).steps) >= 30 for seed in range(1, SEQUENCES + 1))


def test_a_script_survives_its_file(tmp_path: Path) -> None:
    """What is printed for keeping is read back as it was."""
    one = script(7)
    path = tmp_path / "seed-7.yaml"
    path.write_text(one.dump())
    assert load(path) == one
