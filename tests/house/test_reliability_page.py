"""docs/reliability.md names what is there: its tests, scripts, targets and rooms; and every regression has its place on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
PAGE = (REPO / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:tests|benchmarks|docs)/[\w./:-]+)`", PAGE)))


@pytest.mark.parametrize("named", NAMED)
def test_what_the_page_names_exists(named: str) -> None:
    """A file or a folder; `file::test` is a test in it."""
    name, _, function = named.partition("::")
    assert (REPO / name).exists()
    assert not function or f"def {function}(" in (REPO / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z-]+)", PAGE))))
def test_a_target_that_the_page_names_is_one(target: str) -> None:
    """And the page says nothing of a target that CI does not run."""
    assert re.search(rf"^{target}:", (REPO / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    listed = re.search(r"^for target in (.*); do$", (REPO / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed is not None
    assert target in listed[1].split()


def test_the_count_of_disagreements_is_the_count_of_scripts() -> None:
    """A regression more is a line of the record that is wrong until somebody reads it again."""
    kept = len(list((REPO / "tests" / "real" / "regressions").glob("*.yaml")))
    assert f"{kept} files in `tests/real/regressions/`" in PAGE
