"""The teeth are shown when they are asked for, `make teeth` or `pytest tests/teeth`, and not with everything else: each is several whole moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teeth.table import ROWS, lines

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only where this folder, or something in it, was named."""
    asked = [Path(config.invocation_params.dir, str(arg).partition("::")[0]).resolve() for arg in config.args]
    return None if any(one == HERE or HERE in one.parents for one in asked) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.world("fork"))
            item.add_marker(pytest.mark.timeout(300))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if ROWS:
        terminalreporter.section("broken on purpose")
        for line in lines():
            terminalreporter.line(line)
