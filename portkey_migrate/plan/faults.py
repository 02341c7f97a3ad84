"""What is wrong with a plan, where, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from portkey_migrate.plan import secrets

_LONGEST = 40


@dataclass(frozen=True, order=True)
class Fault:
    """One fault. `secret`: its place says nothing else, whatever else is wrong there."""

    file: str
    line: int
    column: int
    path: str
    what: str
    got: str = ""
    secret: bool = False

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        got = f" (got {self.got})" if self.got else ""
        return secrets.hide(f"{self.file}:{self.line}:{self.column}: {where}{self.what}{got}")


def texts(faults: Iterable[Fault]) -> list[str]:
    """Each fault once, in the order of the files; one line of a secret says nothing else."""
    every = sorted(set(faults))
    secret_lines = {(f.file, f.line) for f in every if f.secret}
    out: dict[str, None] = {}
    told: set[tuple[str, int]] = set()
    for fault in every:
        line = (fault.file, fault.line)
        if line in secret_lines:
            if not fault.secret or line in told:
                continue
            told.add(line)
        out[str(fault)] = None
    return list(out)


def meant(word: str, known: Iterable[str]) -> str:
    """`, did you mean X?`, or nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean {close[0]}?" if close else ""


def echo(value: object) -> str:
    """A value as a message shows it: short, and without a secret."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = secrets.hide(repr(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
