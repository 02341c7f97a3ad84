"""How long people are down, in a question: what this app's own earlier moves measured, else the recipe's own number, said to be one.

A question holds `{down}`, `{home}`, `{back}` and `{node}`; it is filled when it is asked, so that the recorded row is the same on every run.
"""

from __future__ import annotations

from collections.abc import Sequence

from portkey_migrate.journal import outages
from portkey_migrate.journal.rows import Transition
from portkey_migrate.systems.at import At
from portkey_migrate.systems.silence import ran_on

_MINUTE = 60
_STEP = 5  # seconds: an estimate to the second would promise more than one measurement can


def filled(question: str, at: At, moves: Sequence[Transition], back_takes: float) -> str:
    """The question as a person is asked it."""
    if "{" not in question:
        return question
    return question.format(
        down=about(outages.moving(moves), back_takes),
        home=about(outages.by_itself(moves), back_takes),
        back=about(outages.asked_back(moves), back_takes),
        node=" and ".join(ran_on(at, "source")) or "its node",
    )


def about(measured: float | None, otherwise: float) -> str:
    """`about 2m 10s` where it was measured; else `about a minute (not measured yet)`."""
    return f"about {spoken(measured)}" if measured is not None else f"about {spoken(otherwise)} (not measured yet)"


def spoken(seconds: float) -> str:
    """To the next five seconds."""
    whole = max(-(-round(seconds) // _STEP) * _STEP, _STEP)
    if whole == _MINUTE:
        return "a minute"
    minutes, rest = divmod(whole, _MINUTE)
    return f"{minutes}m {rest:02d}s" if minutes and rest else f"{minutes}m" if minutes else f"{rest}s"
