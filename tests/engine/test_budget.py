"""When going back has to begin: by what the command found, not by what it used up itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from portkey_migrate.engine.moves import Moves

NOW = datetime(2026, 11, 24, 14, 6, tzinfo=UTC)
MOVE: Any = SimpleNamespace(subject="app/a", direction="forward", id=1)
METHOD: Any = SimpleNamespace(down=("quiesced",), back_takes=60.0)


def moves(down: float | None) -> Any:
    """What `_budget` asks of its Moves. `down`: seconds since people are down, of a budget of 180 less 60 to go back."""
    began = None if down is None else NOW - timedelta(seconds=down)
    clock = SimpleNamespace(now=lambda: NOW)
    journal = SimpleNamespace(transitions=lambda _: [SimpleNamespace(down_from=began, down_to=None)], rows=lambda _: [])
    subject, app = SimpleNamespace(id="app/a", kind="app"), SimpleNamespace(outage=180.0)
    return SimpleNamespace(
        late={}, ports=SimpleNamespace(clock=clock), journal=journal, subject=lambda _: subject, app=lambda _: app, _crossed=lambda _: False
    )


@pytest.mark.parametrize(("down", "left"), [(None, None), (50.0, 70.0), (130.0, None)])
def test_a_command_has_what_is_left_and_one_that_finds_it_used_up_goes_on(down: float | None, left: float | None) -> None:
    """Whoever types a command then knows, and it does not go back at its first wait."""
    assert Moves._budget(moves(down), MOVE, METHOD)() == left


def test_what_a_command_used_up_itself_ends_its_next_transition() -> None:
    """An API that could not be read ate the budget in the middle: nobody typed anything since."""
    here = moves(50.0)
    Moves._budget(here, MOVE, METHOD)
    later = SimpleNamespace(now=lambda: NOW + timedelta(seconds=80))
    here.ports.clock = later
    assert Moves._budget(here, MOVE, METHOD)() == -10.0
