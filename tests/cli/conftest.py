"""The real command line, called in this process, with a home of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from portkey_migrate.cli import main


class Said(NamedTuple):
    """What one command said."""

    status: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an empty phases/, as the current directory."""
    (tmp_path / "phases").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def migrate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Types a command: `migrate("advance", "app", "speedtest")`."""
    monkeypatch.setattr(sys, "argv", ["migrate"])

    def typed(*words: str) -> Said:
        capsys.readouterr()
        status = main(words)
        return Said(status, *capsys.readouterr())

    return typed
