"""Progress on stderr while a verb works, and the questions that a person is asked there. Results go to stdout and nowhere near this."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

from portkey_migrate.report.paper import paper_of
from portkey_migrate.report.progress import Progress


class Teller:
    """Prints the engine's events as they come, as lines or as JSON."""

    def __init__(self, *, utc: bool = False, events: str = "") -> None:
        self.progress = Progress(UTC if utc else None)
        self._events = events
        self._paper = paper_of(sys.stderr, os.environ)
        self._late: list[str] = []  # that a state was reached is said with what follows: the last one is the result, and stands on stdout

    def say(self, event: Mapping[str, Any]) -> None:
        lines = self.progress.lines(event)
        if event["event"] == "state" and self._events != "jsonl":
            self._late += lines
            return
        if lines:
            lines, self._late = [*self._late, *lines], []
        if self._events == "jsonl":
            import json

            sys.stderr.write(json.dumps(dict(event), default=str) + "\n")
        else:
            sys.stderr.write("".join(self._paper.print(line) + "\n" for line in lines))
        sys.stderr.flush()

    def end(self, said: Sequence[str]) -> None:
        """After the last event; `said`: the lines that stdout says."""
        late = [line for line in self._late if not any(one.startswith(line) for one in said)]
        sys.stderr.write("".join(self._paper.print(line) + "\n" for line in late))
        sys.stderr.flush()


def prompt(*, no_input: bool) -> Callable[[str], str] | None:
    """Asks on the terminal; None where there is none, so that whoever asks knows it before anything begins."""
    if no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(question: str) -> str:
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline()

    return ask
