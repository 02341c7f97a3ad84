"""Tests cannot touch the world: not the network, not processes, not the wall clock, not the person's own folders.

The doors are watched by an audit hook, so no import trick walks around them: what the interpreter does, it reports (all but sleeping). A test
that needs a door names it, `@pytest.mark.world("subprocess")`; its fixtures are covered by the same mark. An accidental call fails where it stands,
and does not hang a build or reach somebody's cluster.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, SupportsIndex

import pytest
from hypothesis import settings

# Nothing of a test run is random twice: a failure in one build is the same failure in the next.
settings.register_profile("house", derandomize=True, deadline=None, database=None, print_blob=False)
settings.load_profile("house")

DOORS = {
    "subprocess.Popen": "subprocess",
    "os.system": "subprocess",
    "os.posix_spawn": "subprocess",
    "os.exec": "subprocess",
    "os.fork": "fork",
    "os.forkpty": "fork",
    "socket.connect": "network",
    "socket.bind": "network",
    "socket.sendto": "network",
    "socket.getaddrinfo": "network",
    "socket.gethostbyname": "network",
}
#: Waiting for a process of one's own polls by sleeping; whoever may start it may wait for it.
WAITERS = frozenset({"subprocess", "multiprocessing.popen_fork", "multiprocessing.connection"})
NEAR = ("127.", "::1", "localhost")


class TouchedTheWorld(BaseException):  # BaseException, so that no `except Exception` under test swallows it
    """A test reached for something outside itself without naming the door."""


_open: set[str] | None = None  # None: no test is running (collection, the session's own end)


def _near(args: tuple[Any, ...], event: str) -> bool:
    """Loopback and unix sockets are a test's own."""
    where = args[0] if event in ("socket.getaddrinfo", "socket.gethostbyname") else args[1]
    if isinstance(where, tuple):
        where = where[0]
    return where in (None, "") or isinstance(where, bytes) or str(where).startswith(("/", "\0", *NEAR))


def _watch(event: str, args: tuple[Any, ...]) -> None:
    door = DOORS.get(event)
    if door is None or _open is None or door in _open:
        return
    if door == "network" and _near(args, event):
        return
    raise TouchedTheWorld(f'{event}{args!r:.200}: a test that needs this says so: @pytest.mark.world("{door}")')


sys.addaudithook(_watch)

_real_sleep = time.sleep


def _sleep(seconds: SupportsIndex | float, /) -> None:
    """Before Python 3.13 sleeping raises no audit event, so this one door is a replacement."""
    waits = _open is not None and "subprocess" in _open and sys._getframe(1).f_globals.get("__name__") in WAITERS
    if _open is not None and "sleep" not in _open and float(seconds) > 0 and not waits:
        raise TouchedTheWorld(f'time.sleep({seconds}): a test that needs this says so: @pytest.mark.world("sleep")')
    _real_sleep(seconds)


time.sleep = _sleep


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Opens the doors that this test, with its fixtures, names, and shuts them after it."""
    global _open  # noqa: PLW0603 - the hook outlives every object; one variable is the one state
    doors = {door for mark in item.iter_markers("world") for door in mark.args}
    if item.get_closest_marker("strace"):
        doors.add("subprocess")
    if unknown := doors - {*DOORS.values(), "sleep"}:
        raise pytest.UsageError(f"{item.nodeid}: no door of the world is named {', '.join(sorted(unknown))}")
    _open = doors
    try:
        return (yield)
    finally:
        _open = None


OURS = ("PORTKEY_MIGRATE_", "_MIGRATE_", "KUBE", "PROXMOX", "PM_", "TALOS", "XDG_")
SCREEN = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "CI", "PAGER")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the person's folders, kubeconfig, screen or clock zone."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(OURS) or name in SCREEN or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name, folder in {"XDG_CONFIG_HOME": ".config", "XDG_CACHE_HOME": ".cache", "XDG_DATA_HOME": ".data", "XDG_STATE_HOME": ".state"}.items():
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TERM", "dumb")
    time.tzset()


@pytest.fixture(scope="session")
def repo() -> Path:
    """The checkout that the tests stand in."""
    return Path(__file__).resolve().parent.parent


# ---- strace is the one tool that may be missing ----

_unseen: list[str] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips by name what strace alone can show; with REQUIRE_STRACE=1 its absence is a failure."""
    if item.get_closest_marker("strace") and shutil.which("strace") is None:
        if os.environ.get("REQUIRE_STRACE"):
            pytest.fail("strace is missing, and REQUIRE_STRACE says that it may not be", pytrace=False)
        _unseen.append(item.nodeid)
        pytest.skip("strace is not on this machine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was not shown, so that a green run without strace is not taken for the whole proof."""
    if _unseen:
        terminalreporter.section("not shown: strace is not on this machine")
        for nodeid in _unseen:
            terminalreporter.line(nodeid)
