"""One real cluster without nodes: etcd, kube-apiserver, and kube-controller-manager where it is asked for, on loopback.

    with Keeper() as keeper:
        cluster = Cluster.start(keeper, found(), "one", controllers=True)       ready when this returns
        cluster.kubeconfig                                                        administrator, the server's certificate verified

What each flag is for stands beside it. Ports are free ones that the kernel gives; a server that finds its port taken meanwhile dies, and
its log is in the message.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from portkey_migrate.lab.certificate import made

WEAK = "system:serviceaccount:default:weak"
_READY_WITHIN = 60.0


class NotReady(Exception):
    """A server that does not come up, with the end of its log."""


class Keeper:
    """This process's end of a keeper (see keeper.py). Leaving it ends every server and removes the folder."""

    def __init__(self) -> None:
        command = [sys.executable, "-S", "-E", str(Path(__file__).with_name("keeper.py"))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._turn = threading.Lock()
        self.pids: dict[str, int] = {}
        self.pid = self._process.pid
        self.folder = Path(self._heard()["folder"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def start(self, name: str, argv: list[str]) -> None:
        self.pids[name] = self._asked({"start": name, "argv": argv})["pid"]

    def stop(self, name: str) -> None:
        self._asked({"stop": name})
        del self.pids[name]

    def log(self, name: str, lines: int = 30) -> str:
        return "\n".join((self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-lines:])

    def close(self) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._turn:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NotReady("the keeper of the servers has ended")
        return dict(json.loads(line))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _signing_key(folder: Path) -> Path:
    """What service account tokens are signed with; the servers want one even where no token is ever asked for."""
    path = folder / "accounts.pem"
    path.touch(mode=0o600)
    path.write_text(made(("accounts",)).key_pem)
    return path


class Cluster:
    """A running one. `kubeconfig` is the administrator's file, `weak_token` is somebody's who may only get ConfigMaps."""

    def __init__(self, keeper: Keeper, programs: Mapping[str, Path], name: str) -> None:
        self.keeper, self.programs, self.name = keeper, programs, name
        self.folder = keeper.folder / name
        self.folder.mkdir()
        self.kubeconfig = self.folder / "kubeconfig"
        self.admin_token, self.weak_token = f"admin-of-{name}", f"weak-of-{name}"
        self.audit_log = self.folder / "audit.log"
        self._server: list[str] = []
        self._defined: list[str] = []
        self.port = 0

    @classmethod
    def start(cls, keeper: Keeper, programs: Mapping[str, Path], name: str, *, controllers: bool) -> Cluster:
        one = cls(keeper, programs, name)
        one._up()
        if controllers:
            one.add_controllers()
        return one

    @classmethod
    def start_all(cls, keeper: Keeper, programs: Mapping[str, Path], names: Sequence[str], *, controllers: bool) -> list[Cluster]:
        """Side by side: most of a start is waiting."""
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(lambda name: cls.start(keeper, programs, name, controllers=controllers), names))

    def _up(self) -> None:
        client, peer, self.port = _free_ports(3)
        key = _signing_key(self.folder)
        tokens, policy = self.folder / "tokens.csv", self.folder / "audit-policy.yaml"
        tokens.write_text(f'{self.admin_token},admin,admin,"system:masters"\n{self.weak_token},{WEAK},weak\n')
        tokens.chmod(0o600)
        # Every write and nothing else: the proof that a refused command wrote nothing is this file.
        policy.write_text(
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n"
            "- level: Metadata\n  verbs: [create, update, patch, delete, deletecollection]\n- level: None\n"
        )
        here = "http://127.0.0.1"
        self.keeper.start(f"{self.name}-etcd", [
            str(self.programs["etcd"]), "--name=one", f"--data-dir={self.folder}/etcd", "--unsafe-no-fsync", "--log-level=error",
            f"--listen-client-urls={here}:{client}", f"--advertise-client-urls={here}:{client}",
            f"--listen-peer-urls={here}:{peer}", f"--initial-advertise-peer-urls={here}:{peer}", f"--initial-cluster=one={here}:{peer}",
        ])  # fmt: skip
        self._server = [
            str(self.programs["kube-apiserver"]), f"--etcd-servers={here}:{client}", f"--secure-port={self.port}",
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            f"--cert-dir={self.folder}/cert",  # it signs its own certificate, for this address
            f"--token-auth-file={tokens}", "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}", "--service-cluster-ip-range=10.43.0.0/16",
            # The lab has neither: its Pods name their account's default only in words, its claims always name their class.
            "--disable-admission-plugins=ServiceAccount,DefaultStorageClass",
            f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}",
            "--enable-priority-and-fairness=false", "--profiling=false", "--v=0",
        ]  # fmt: skip
        self.keeper.start(f"{self.name}-apiserver", self._server)
        self._wait()
        self._write_kubeconfig()
        self._give_weak_its_right()

    def add_controllers(self) -> None:
        self.keeper.start(f"{self.name}-controllers", [
            str(self.programs["kube-controller-manager"]), f"--kubeconfig={self.kubeconfig}", "--secure-port=0", "--leader-elect=false",
            f"--service-account-private-key-file={self.folder}/accounts.pem", "--controllers=*,-nodeipam,-cloud-node-lifecycle", "--v=0",
            "--kube-api-qps=500", "--kube-api-burst=1000",  # it waits for its own limit otherwise, which the lab's latencies do not model
        ])  # fmt: skip
        # It works once it has made the first Namespace's ConfigMap, which is the last of its start that can be seen.
        self.until(lambda: self._asked("GET", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt")[0] == 200, "controllers")

    def restart_server(self) -> None:
        """The same server anew: it forgets what its watches could be told, which is how a real one says 410."""
        self.keeper.stop(f"{self.name}-apiserver")
        self.keeper.start(f"{self.name}-apiserver", self._server)
        self._wait()
        self._wait_for_definitions()

    def stop(self) -> None:
        for part in ("controllers", "apiserver", "etcd"):
            if f"{self.name}-{part}" in self.keeper.pids:
                self.keeper.stop(f"{self.name}-{part}")

    # ---- inside ----

    @property
    def authority(self) -> Path:
        return self.folder / "cert" / "apiserver.crt"

    def _wait(self) -> None:
        self.until(lambda: self.authority.exists() and self._asked("GET", "/readyz") == (200, b"ok"), "apiserver")

    def until(self, fact: Any, part: str) -> None:
        until = time.monotonic() + _READY_WITHIN
        while time.monotonic() < until:
            try:
                if fact():
                    return
            except OSError:  # not listening yet, or its certificate half written
                pass
            time.sleep(0.05)
        raise NotReady(f"{self.name}-{part} is not ready after {_READY_WITHIN:.0f} s; its log ends with\n{self.keeper.log(f'{self.name}-{part}')}")

    def _asked(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)
        try:
            headers = {"Authorization": f"Bearer {self.admin_token}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            said = connection.getresponse()
            return said.status, said.read()
        finally:
            connection.close()

    def _write_kubeconfig(self) -> None:
        authority = base64.b64encode(self.authority.read_bytes()).decode()
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": self.name,
            "clusters": [{"name": self.name, "cluster": {"server": f"https://127.0.0.1:{self.port}", "certificate-authority-data": authority}}],
            "users": [{"name": self.name, "user": {"token": self.admin_token}}],
            "contexts": [{"name": self.name, "context": {"cluster": self.name, "user": self.name}}],
        }  # fmt: skip
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(config))

    def _give_weak_its_right(self) -> None:
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        role = {"metadata": {"name": "weak"}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}]}
        named = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "weak"}
        binding = {
            "metadata": {"name": "weak"},
            "roleRef": named,
            "subjects": [{"kind": "User", "name": WEAK, "apiGroup": "rbac.authorization.k8s.io"}],
        }
        for path, body in ((f"{rbac}/clusterroles", role), (f"{rbac}/clusterrolebindings", binding)):
            status, said = self._asked("POST", path, body)
            if status != 201:
                raise NotReady(f"POST {path}: {status} {said.decode()}")

    def define(self, definitions: tuple[dict[str, Any], ...]) -> None:
        """Custom resources, ready when this returns."""
        for one in definitions:
            status, said = self._asked("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", one)
            if status != 201:
                raise NotReady(f"{one['metadata']['name']}: {status} {said.decode()}")
            group, version, plural = one["spec"]["group"], one["spec"]["versions"][0]["name"], one["spec"]["names"]["plural"]
            self._defined.append(f"/apis/{group}/{version}/{plural}")
        self._wait_for_definitions()

    def _wait_for_definitions(self) -> None:
        """Ready says nothing of custom resources: for a moment after a start they are 404, then 429."""
        for path in self._defined:
            self.until(lambda path=path: self._asked("GET", path)[0] == 200, "apiserver")
