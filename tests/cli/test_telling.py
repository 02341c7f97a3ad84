"""Progress on stderr, the result on stdout: on a terminal a person sees both, and reads each line once."""

from __future__ import annotations

import pytest

from portkey_migrate.cli.telling import Teller

STATE = {"event": "state", "subject": "app/alpha", "state": "prepared"}


def test_the_last_state_is_said_by_the_result_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the result, and stands on stdout."""
    teller = Teller()
    teller.say({"event": "begin", "subject": "app/alpha", "leaves": "planned", "reaches": "prepared", "direction": "forward"})
    teller.say(STATE)
    teller.end(["app/alpha is prepared, soaks"])
    assert "is prepared" not in capsys.readouterr().err


def test_a_state_on_the_way_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """With what follows it, or at the end where the result says something else."""
    teller = Teller()
    teller.say(STATE)
    teller.say({"event": "begin", "subject": "app/alpha", "leaves": "prepared", "reaches": "started", "direction": "forward"})
    assert "app/alpha is prepared" in capsys.readouterr().err
    teller.say({**STATE, "state": "started"})
    teller.end(())
    assert "app/alpha is started" in capsys.readouterr().err
