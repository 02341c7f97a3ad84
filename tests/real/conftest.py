"""The real servers as fixtures, and the table at the end.

These tests run when they are asked for, `make contract-real` or `pytest tests/real`, and not with everything else: they need three
programs that take minutes to build once. Asked for and without them they fail, and say which command builds them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.real.binaries import Missing, found
from tests.real.cluster import Cluster, Keeper
from tests.real.crds import DEFINITIONS
from tests.real.grounds import Lab, Ran, Real, space_of
from tests.real.script import Script
from tests.real.sequences import script

HERE = Path(__file__).parent
ENV = dict(os.environ)  # as the person has it: no test sees its own home or cache otherwise
SEQUENCES = 220
REGRESSIONS = sorted((HERE / "regressions").glob("*.yaml"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only where this folder, or something in it, was named."""
    asked = [Path(config.invocation_params.dir, str(arg).partition("::")[0]).resolve() for arg in config.args]
    return None if any(one == HERE or HERE in one.parents for one in asked) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.world("subprocess", "sleep", "network"))
            item.add_marker(pytest.mark.timeout(300))


@dataclass
class Tally:
    """What was done, for the table."""

    sequences: int = 0
    requests: int = 0
    contract: int = 0
    settled: int = 0
    steps: tuple[int, int] = (0, 0)  # made there, and undone there
    lies: dict[str, str] = field(default_factory=dict)


_tally = Tally()


@pytest.fixture(scope="session")
def tally() -> Tally:
    return _tally


@pytest.fixture(scope="session")
def programs() -> dict[str, Path]:
    try:
        return found(ENV)
    except Missing as no:
        pytest.fail(str(no), pytrace=False)


@pytest.fixture(scope="session")
def keeper(programs: dict[str, Path]) -> Iterator[Keeper]:
    with Keeper() as one:
        yield one


@pytest.fixture(scope="session")
def bare(keeper: Keeper, programs: dict[str, Path]) -> Cluster:
    """A server on which nothing happens by itself."""
    one = Cluster.start(keeper, programs, "bare", controllers=False)
    one.define(DEFINITIONS)
    one.restart_server()  # so that no kind's watches reach back to the beginning: version 1 is gone, as in a cluster that has lived
    return one


@pytest.fixture(scope="session")
def whole(keeper: Keeper, programs: dict[str, Path]) -> Cluster:
    """A server with its controller-manager."""
    one = Cluster.start(keeper, programs, "whole", controllers=True)
    one.define(DEFINITIONS)
    return one


@pytest.fixture(scope="session")
def real(bare: Cluster) -> Iterator[Real]:
    one = Real(bare)
    yield one
    one.close()


class Transcripts:
    """What the real server said to each random script, asked once: the lies are held against it without asking again."""

    def __init__(self, real: Real, tally: Tally) -> None:
        self.real, self.tally = real, tally
        self.kept: dict[int, tuple[Script, str, Ran, Ran]] = {}

    def of(self, seed: int) -> tuple[Script, str, Ran, Ran]:
        """The script, its Namespace, what the real server said, what the honest lab said."""
        if seed not in self.kept:
            one = script(seed)
            space = space_of(one)
            lab = Lab(one, space).run(one)
            said = self.real.run(one, space, lab.answers)
            self.kept[seed] = (one, space, said, lab)
            self.tally.sequences += 1
            self.tally.requests += said.requests
        return self.kept[seed]


@pytest.fixture(scope="session")
def transcripts(real: Real, tally: Tally) -> Transcripts:
    return Transcripts(real, tally)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tests, sequences, requests, disagreements found and fixed."""
    if not (_tally.sequences or _tally.contract or any(_tally.steps)):
        return
    terminalreporter.section("held against the real server")
    for name, value in (
        ("contract tests, the same as on the lab", _tally.contract),
        ("random sequences", _tally.sequences),
        ("requests in them, each sent to both", _tally.requests),
        ("disagreements found and fixed, each kept as a script", len(REGRESSIONS)),
        ("scripts with controllers that settle alike", _tally.settled),
        ("steps made there by the engine's loop, and undone", "{} and {}".format(*_tally.steps)),
        ("lies told by the lab and noticed", f"{sum(1 for one in _tally.lies.values() if one)} of {len(_tally.lies)}"),
    ):
        terminalreporter.line(f"{name:<55} {value}")
    for name, where in sorted(_tally.lies.items()):
        terminalreporter.line(f"    {name:<51} {where or 'NOT NOTICED'}")
