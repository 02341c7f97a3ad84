"""docs/commands.md says what the commands say."""

from __future__ import annotations

from pathlib import Path

import pytest

from portkey_migrate.cli import words
from portkey_migrate.cli.page import page
from portkey_migrate.report import formats

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_of_commands_is_the_commands_own_help() -> None:
    """Made anew by `python -m portkey_migrate.cli.page > docs/commands.md`."""
    assert page() == (DOCS / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", words.VERBS)
def test_every_verb_has_its_place_in_the_docs(verb: str) -> None:
    """An operator finds each verb by a question of theirs, and on the page of commands."""
    assert f"migrate {verb}" in (DOCS / "operating.md").read_text(encoding="utf-8")
    assert f"## migrate {verb}" in page()


@pytest.mark.parametrize("name", formats.names())
def test_every_format_is_named_in_the_docs(name: str) -> None:
    """A new format appears there by being there."""
    assert name in page().split("\n## ")[0]
