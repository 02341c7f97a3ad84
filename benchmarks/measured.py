"""How a process is measured here: in turns with its floor, the least of many, and with its peak memory. Standard library only."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
MIGRATE = str(Path(sys.executable).with_name("migrate"))
PASS = (sys.executable, "-c", "pass")


@dataclass(frozen=True)
class Process:
    least: float  # seconds
    median: float
    peak: float  # MiB


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """On the checkout's own disk: where the temporary folder is memory, a sync costs nothing and the floor is a lie."""
    place = REPO / "build" / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def in_turns(cases: Mapping[str, Sequence[str]], rounds: int, cwd: Path) -> dict[str, Process]:
    """Each case once a round, so that a busy moment falls on all of them."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PORTKEY_MIGRATE_", "PYTHON"))}
    # With .pyc, as pip leaves an installed tool; a folder of its own, so that it is there whatever this shell is set to.
    env["PYTHONPYCACHEPREFIX"] = str(REPO / "build" / "pycache")
    times: dict[str, list[float]] = {name: [] for name in cases}
    peaks: dict[str, int] = dict.fromkeys(cases, 0)
    for turn in range(rounds + 1):
        for name, argv in cases.items():
            began = time.perf_counter()
            child = subprocess.Popen(argv, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            _, status, usage = os.wait4(child.pid, 0)
            took = time.perf_counter() - began
            child.returncode = os.waitstatus_to_exitcode(status)
            said = child.stderr.read().decode() if child.stderr else ""
            if child.stderr:
                child.stderr.close()
            if child.returncode:
                sys.exit(f"{' '.join(argv)} ended with {child.returncode}: {said}")
            if turn:  # the first fills the page cache and writes .pyc
                times[name].append(took)
                peaks[name] = max(peaks[name], usage.ru_maxrss)
    return {name: Process(min(times[name]), statistics.median(times[name]), peaks[name] / 1024) for name in cases}


def verdict(rows: Sequence[tuple[str, str, str, bool]]) -> int:
    """Prints what, figure, bound, and whether it holds; 1 if one does not."""
    for what, figure, bound, holds in rows:
        print(f"{what:<52} {figure:<28} {bound:<20} {'ok' if holds else 'MISSED'}")
    return 0 if all(row[3] for row in rows) else 1
