"""The judge can say no: lies put into the lab are noticed."""

from __future__ import annotations

import pytest

from tests.real.conftest import SEQUENCES, Tally, Transcripts
from tests.real.grounds import Lab
from tests.real.lies import LIES, Lie
from tests.real.shrink import compared


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lie_is_noticed(lie: Lie, transcripts: Transcripts, tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some sequence that the honest lab passes, the lying one does not."""
    tally.lies[lie.__name__] = ""
    for seed in range(1, SEQUENCES + 1):
        one, space, said, honest = transcripts.of(seed)
        if compared(one, said, honest, space) is not None:
            continue  # it would prove nothing
        with monkeypatch.context() as patch:
            lie(patch)
            found = compared(one, said, Lab(one, space).run(one), space)
        if found is not None:
            step = found.script.steps[found.step] if found.step < len(one.steps) else None
            tally.lies[lie.__name__] = f"sequence {seed}: {step.method + ' ' + step.path if step else 'what a watch told'}"[:110]
            return
    pytest.fail(f"{lie.__name__}: {SEQUENCES} sequences agree all the same")
