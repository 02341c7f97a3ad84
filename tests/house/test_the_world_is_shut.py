"""The doors of tests/conftest.py are shut: each of them is tried here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import TouchedTheWorld


def test_a_test_cannot_sleep() -> None:
    """Waiting belongs to the clock port."""
    with pytest.raises(TouchedTheWorld):
        time.sleep(0.001)


def test_a_test_cannot_start_a_process() -> None:
    """A subprocess is refused before it exists."""
    with pytest.raises(TouchedTheWorld):
        subprocess.run(["true"], check=True)
    with pytest.raises(TouchedTheWorld):
        os.system("true")  # noqa: S605 - the point is that it does not run


def test_a_test_cannot_fork() -> None:
    """A fork would run the rest of the suite twice."""
    with pytest.raises(TouchedTheWorld):
        os.fork()


@pytest.mark.parametrize("address", [("192.0.2.1", 6443), ("198.51.100.7", 443)])
def test_a_test_cannot_reach_beyond_loopback(address: tuple[str, int]) -> None:
    """Nobody's cluster is ever asked by a test, whatever a kubeconfig says."""
    with socket.socket() as one:
        one.settimeout(0.01)
        with pytest.raises(TouchedTheWorld):
            one.connect(address)
    with pytest.raises(TouchedTheWorld):
        socket.getaddrinfo("example.com", 443)


def test_loopback_and_unix_sockets_are_open(tmp_path: Path) -> None:
    """The lab listens there."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))


@pytest.mark.world("subprocess")
def test_a_named_door_is_open() -> None:
    """The mark opens its own door; a process may be waited for."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    assert child.wait(timeout=30) == 0
    with pytest.raises(TouchedTheWorld):
        time.sleep(0.001)


def test_the_persons_folders_are_out_of_sight(tmp_path_factory: pytest.TempPathFactory) -> None:
    """HOME, XDG and kubeconfig belong to the test."""
    assert Path.home().is_relative_to(tmp_path_factory.getbasetemp())
    assert "KUBECONFIG" not in os.environ
