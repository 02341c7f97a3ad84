"""A disagreement, cut down to the requests that it needs.

Steps are left out, in halves and then one by one, as long as the same disagreement is still there: the same fields of the same kind of
request, whatever else differs. What remains is printed as a script and kept as a named regression.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from tests.real.grounds import Lab, Ran, Real, space_of
from tests.real.sameness import differences
from tests.real.script import Script, resource_of


class Disagreement(NamedTuple):
    """Where the two first said different things."""

    script: Script
    step: int  # beyond the last step: what a watch told
    lines: tuple[str, ...]

    @property
    def sign(self) -> tuple[str, ...]:
        """What makes it the same one: the request's kind and the fields that differ, without numbers and names."""
        done = self.script.steps[self.step] if self.step < len(self.script.steps) else None
        what = f"{done.method} {resource_of(done.path)}" if done else "WATCH"
        return what, *sorted({re.sub(r"\[\d+\]", "[]", line.partition(":")[0]) for line in self.lines})

    @property
    def text(self) -> str:
        """As a person reads it: the script, then where they part."""
        done = self.script.steps[self.step].text if self.step < len(self.script.steps) else "the watches' events"
        return "\n".join((f"# {self.script.name}", self.script.text, "# they part at", done, *(f"    {line}" for line in self.lines[:12])))


def compared(script: Script, real: Ran, lab: Ran, space: str) -> Disagreement | None:
    for number, (one, other) in enumerate(zip(real.answers, lab.answers, strict=False)):
        # With controllers there, how often one of them has written when a request comes is a matter of moments.
        ours, theirs = (other.settled, one.settled) if script.controllers else (other, one)
        if ours != theirs:
            lines = differences(theirs._asdict(), ours._asdict())
            return Disagreement(script, number, tuple(line.replace(space, "{ns}") for line in lines))
    if len(real.answers) != len(lab.answers):
        return Disagreement(script, len(script.steps), (f": real opened {len(real.answers)} answers, lab {len(lab.answers)}",))
    return None


def disagreement(script: Script, real: Real) -> Disagreement | None:
    """Runs a script on both."""
    space = space_of(script)
    lab = Lab(script, space).run(script)
    return compared(script, real.run(script, space, lab.answers), lab, space)


def shrunk(found: Disagreement, again: Callable[[Script], Disagreement | None]) -> Disagreement:
    """The shortest script that still parts the two in the same way, as far as leaving out goes."""
    best, size = found, max(len(found.script.steps) // 2, 1)
    # What comes after the step at which they part cannot be needed, but for the watch that tells of it.
    if found.step + 1 < len(found.script.steps):
        shorter = again(found.script.without(found.step + 1, len(found.script.steps)))
        best = shorter if shorter is not None and shorter.sign == found.sign else best
    while size:
        start = 0
        while start < len(best.script.steps):
            tried = again(best.script.without(start, size))
            if tried is not None and tried.sign == found.sign:
                best = tried
            else:
                start += size
        size //= 2
    return best
