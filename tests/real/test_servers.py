"""How the servers live: ready in seconds, reachable from this machine alone, gone with whoever started them."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.real.binaries import Missing, build, found
from tests.real.cluster import Cluster, Keeper
from tests.real.conftest import ENV

RUNNER = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a build in the background starts with it ignored
from tests.real.binaries import found
from tests.real.cluster import Cluster, Keeper
with Keeper() as keeper:
    one = Cluster.start(keeper, found(), "one", controllers=True)
    print(keeper.folder, keeper.pid, *keeper.pids.values(), flush=True)
    time.sleep(60)
"""


def alive(pid: int) -> bool:
    """A process that is more than a dead one's entry."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(folder: Path, pids: list[int], within: float) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not folder.exists() and not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("word", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_after_the_runner(word: signal.Signals, programs: dict[str, Path], repo: Path) -> None:
    """However the runner ends: no process, no folder."""
    runner = subprocess.Popen([sys.executable, "-c", RUNNER], cwd=repo, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert runner.stdout is not None
        folder, *numbers = runner.stdout.readline().split()
        pids = [int(one) for one in numbers]
        assert len(pids) == 4
        assert all(alive(pid) for pid in pids)
        runner.send_signal(word)
        runner.wait(20)
        assert gone(Path(folder), pids, 10), [pid for pid in pids if alive(pid)]
    finally:
        runner.kill()
        runner.communicate()


def test_no_server_outlives_its_keeper(programs: dict[str, Path]) -> None:
    """The keeper itself killed with SIGKILL: the kernel ends what it kept."""
    keeper = Keeper()
    try:
        Cluster.start(keeper, programs, "orphan", controllers=False)
        pids = list(keeper.pids.values())
        os.kill(keeper.pid, signal.SIGKILL)
        until = time.monotonic() + 5
        while any(alive(pid) for pid in pids) and time.monotonic() < until:
            time.sleep(0.02)
        assert [pid for pid in pids if alive(pid)] == []
    finally:
        keeper.close()
        subprocess.run(["rm", "-rf", str(keeper.folder)], check=True)


def test_a_cluster_is_ready_in_seconds(keeper: Keeper, programs: dict[str, Path]) -> None:
    """Etcd, API server and controllers, from nothing."""
    began = time.monotonic()
    one = Cluster.start(keeper, programs, "quick", controllers=True)
    took = time.monotonic() - began
    one.stop()
    assert took < 20, f"{took:.1f} s"


def test_the_servers_listen_on_loopback_alone(whole: Cluster, keeper: Keeper) -> None:
    """No listening socket of theirs is bound to anything else."""
    listening = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A":
                listening[rest[5]] = local.partition(":")[0]
    ours = {}
    for pid in keeper.pids.values():
        for one in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(one.readlink())
            except OSError:
                continue
            if target.startswith("socket:[") and target[8:-1] in listening:
                ours[f"{pid} {target}"] = listening[target[8:-1]]
    assert ours
    assert {where for where in ours.values() if where not in ("0100007F", "00000000000000000000000001000000")} == set()


def test_the_certificate_is_verified(whole: Cluster) -> None:
    """Whoever does not know the cluster's authority does not get in; whoever does, by its address."""
    with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(("127.0.0.1", whole.port)) as raw:
        ssl.create_default_context().wrap_socket(raw, server_hostname="127.0.0.1")
    known = ssl.create_default_context(cafile=str(whole.authority))
    with socket.create_connection(("127.0.0.1", whole.port)) as raw, known.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
        assert tls.getpeercert()


def test_what_is_missing_is_named_with_its_command(tmp_path: Path) -> None:
    """No programs and no Go: both say what to do, and neither passes for there."""
    env = {"XDG_CACHE_HOME": str(tmp_path), "PATH": str(tmp_path)}
    with pytest.raises(Missing, match=r"etcd, kube-apiserver, kube-controller-manager 1\.35\.4 not found(?s:.*)make contract-real"):
        found(env)
    with pytest.raises(Missing, match=r"Go is not on this machine(?s:.*)https://go\.dev/doc/install(?s:.*)KUBEBUILDER_ASSETS"):
        build(env)


def test_given_programs_are_taken(tmp_path: Path, programs: dict[str, Path]) -> None:
    """KUBEBUILDER_ASSETS comes before the cache, and one of another release is refused by name."""
    for name, path in programs.items():
        (tmp_path / name).symlink_to(path)
    assert found({"KUBEBUILDER_ASSETS": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "none")}) == {name: tmp_path / name for name in programs}
    (tmp_path / "kube-apiserver").unlink()
    (tmp_path / "kube-apiserver").write_text("#!/bin/sh\necho Kubernetes v1.31.0\n")
    (tmp_path / "kube-apiserver").chmod(0o755)
    with pytest.raises(Missing, match=r"is Kubernetes v1\.31\.0, wanted 1\.35\.x"):
        found({"KUBEBUILDER_ASSETS": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "none")})
