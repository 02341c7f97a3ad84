"""The rehearsals' tests run the shipped plan in labs of their own, in folders of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]


@pytest.fixture
def home() -> Path:
    """The folder that holds the shipped phases/."""
    return HOME
