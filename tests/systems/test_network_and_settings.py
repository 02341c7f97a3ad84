"""The real ends: TLS, a browser's GET, subprocesses, threads, and a person's own file."""

from __future__ import annotations

import hashlib
import http.server
import os
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.errors import MigrateError, NoKubeconfig, Unreachable, Usage
from portkey_migrate.model import Ref
from portkey_migrate.systems.kube import Kube
from portkey_migrate.systems.real import RealClock, RealIds, RealRun, RealTasks, RealTransport
from portkey_migrate.systems.settings import KubeContext, load_settings
from portkey_migrate.systems.traffic import fetch

from .conftest import PEM, Api, StillClock

DER = hashlib.sha256(ssl.PEM_cert_to_DER_cert(PEM.read_text()[PEM.read_text().index("-----BEGIN CERT") :])).hexdigest()


@pytest.fixture
def https() -> Iterator[int]:
    """An HTTPS server on loopback: it redirects `/away`, is silent at `/slow`, and says which host was asked for everywhere else."""
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/slow":
                over.wait(5)
                return
            body = (
                b'{"metadata": {"name": "n", "resourceVersion": "1", "uid": "u"}}'
                if self.path.startswith("/api")
                else str(self.headers["Host"]).encode()
            )
            self.send_response(302 if self.path == "/away" else 200)
            self.send_header("Location", "https://k.portkey-migrate.invalid/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A handshake that the caller gave up is what one test is about."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        over.set()
        server.shutdown()
        server.server_close()


def test_a_page_is_fetched_from_an_address_under_a_name(https: int) -> None:
    """No DNS: the address is given, the name goes into SNI and Host, and the certificate is reported."""
    reply = fetch(f"127.0.0.1:{https}", "speedtest.example.org", "/", 5)
    assert (reply.status, reply.body, reply.certificate, reply.error) == (200, b"speedtest.example.org", DER, "")


def test_a_redirect_is_reported_and_not_followed(https: int) -> None:
    """Where it points is the whole proof; the name behind it does not exist."""
    reply = fetch(f"127.0.0.1:{https}", "speedtest.example.org", "/away", 5)
    assert (reply.status, reply.headers["location"]) == (302, "https://k.portkey-migrate.invalid/")


@pytest.mark.parametrize(("port", "path", "word"), [(None, "/slow", "no answer within"), (1, "/", "ConnectionRefusedError")])
def test_no_answer_is_status_zero_with_its_reason(https: int, port: int | None, path: str, word: str) -> None:
    """A browser's blank page is an answer too: it says how."""
    reply = fetch(f"127.0.0.1:{port or https}", "speedtest.example.org", path, 0.2)
    assert reply.status == 0
    assert word in reply.error


def test_the_real_api_is_spoken_to_over_tls(https: int, api: Api) -> None:
    """Without a transport of its own the kubeconfig's CA decides whom we speak to."""
    path = api.kubeconfig(f"https://127.0.0.1:{https}")
    kube = Kube("source", KubeContext(str(path), "k3s"), RealTransport(), StillClock())
    assert kube.read(Ref("source", "Node", "", "n")).uid == "u"
    kube.close()


def test_a_server_that_the_ca_did_not_sign_is_unreachable(https: int, api: Api) -> None:
    """Nothing is sent to it, and the error is the ordinary one."""
    path = api.kubeconfig(f"https://127.0.0.1:{https}", ca=False)
    kube = Kube("source", KubeContext(str(path), "k3s"), RealTransport(), StillClock())
    with pytest.raises(Unreachable, match="does not answer"):
        kube.read(Ref("source", "Node", "", "n"))
    kube.close()


# ---- subprocesses, threads, names ----


@pytest.mark.world("subprocess")
def test_a_command_says_its_code_and_its_words() -> None:
    """No shell stands between; what is typed in goes in."""
    ran = RealRun()([sys.executable, "-c", "import sys; print(sys.stdin.read(), file=sys.stderr); print('out'); sys.exit(3)"], 30, "in")
    assert (ran.code, ran.stdout, ran.stderr) == (3, "out\n", "in\n")


@pytest.mark.world("subprocess")
def test_a_command_over_its_time_is_killed_with_its_children() -> None:
    """A child that is left behind would hold what the command held."""
    ran = RealRun()(["sh", "-c", "sleep 60 & echo $!; wait"], 0.3)
    assert ran.code == 124
    assert "timed out" in ran.stderr
    child, ends = Path("/proc") / ran.stdout.strip() / "stat", time.monotonic() + 5.0
    while _runs(child) and time.monotonic() < ends:
        """It was killed, and the kernel takes a moment to end it."""
    assert not _runs(child)


def _runs(stat: Path) -> bool:
    try:
        return stat.read_text().split()[2] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.world("subprocess")
def test_a_command_that_is_not_there_is_an_answer() -> None:
    """127, as a shell says it; no traceback."""
    assert RealRun()(["/no/such/rbd"], 5).code == 127


def test_jobs_end_in_order_and_one_failure_hides_no_other() -> None:
    """What a job ended with stands in its place."""

    def fails() -> None:
        raise NoKubeconfig("x")

    first, second, third = RealTasks().run_all([("a", lambda: 1), ("b", fails), ("c", lambda: 3)])
    assert (first, third) == (1, 3)
    assert isinstance(second, MigrateError)
    assert RealTasks().run_all([]) == []


def test_ids_are_as_long_as_asked_and_the_clock_is_aware() -> None:
    """Lengths are in digits, times are UTC."""
    assert [len(RealIds().hex(n)) for n in (4, 5, 16)] == [4, 5, 16]
    assert RealClock().now().utcoffset() is not None
    assert RealIds().pid() == os.getpid()


# ---- settings ----


@dataclass(frozen=True)
class Given:
    source_context: str = ""
    target_context: str = ""
    kubeconfig: str = ""


def own_file(home: Path, text: str) -> Path:
    path = home / ".config" / "portkey-migrate" / "portkey.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def kubeconfig(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "contexts: [" + ", ".join(f"{{name: {name}}}" for name in names) + "]\nusers: [{name: u, user: {token: canary}}]\n", encoding="utf-8"
    )
    return path


def test_a_persons_file_names_both_sides(tmp_path: Path) -> None:
    """Two kubeconfigs, each with its context; a typed command then names the file."""
    kubeconfig(tmp_path / ".kube/k3s", "default")
    kubeconfig(tmp_path / ".kube/talos", "admin@portkey")
    own_file(tmp_path, "source: {kubeconfig: ~/.kube/k3s, context: default}\ntarget: {kubeconfig: ~/.kube/talos, context: admin@portkey}\n")
    both = load_settings("portkey", Given(), environ={"HOME": str(tmp_path)}).contexts()
    assert both["source"].kubectl == ("kubectl", "--kubeconfig", str(tmp_path / ".kube/k3s"), "--context", "default")
    assert both["target"].name == "admin@portkey"


def test_an_option_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    """KUBECONFIG may name several files; two options name the contexts in them."""
    a, b = kubeconfig(tmp_path / "a", "k3s"), kubeconfig(tmp_path / "b", "talos", "other")
    own_file(tmp_path, "source: {kubeconfig: /nowhere, context: k3s}\ntarget: {context: talos}\n")
    environ = {"HOME": str(tmp_path), "KUBECONFIG": f"{a}{os.pathsep}{b}"}
    both = load_settings("portkey", Given(target_context="other"), environ=environ).contexts()
    assert {side: one.name for side, one in both.items()} == {"source": "k3s", "target": "other"}
    assert both["source"].kubectl == ("kubectl", "--context", "k3s")


def test_a_labs_file_is_not_overruled_by_the_environment(tmp_path: Path) -> None:
    """KUBECONFIG names a person's real clusters: inside a lab it does not count."""
    lab, real = kubeconfig(tmp_path / "lab", "s", "t"), kubeconfig(tmp_path / "real", "s", "t")
    file = tmp_path / "settings.yaml"
    file.write_text(f"source: {{kubeconfig: {lab}, context: s}}\ntarget: {{kubeconfig: {lab}, context: t}}\n", encoding="utf-8")
    both = load_settings("portkey", Given(), file=file, environ={"HOME": str(tmp_path), "KUBECONFIG": str(real)}).contexts()
    assert {one.kubeconfig for one in both.values()} == {str(lab)}


@pytest.mark.parametrize(
    ("file", "config", "error", "words"),
    [
        ("", None, NoKubeconfig, "no kubeconfig is known"),
        ("source: {kubeconfig: /nowhere, context: a}\n", None, NoKubeconfig, "no kubeconfig at /nowhere"),
        ("source: {context: a}\n", "contexts: []", NoKubeconfig, "context a of the source is not there"),
        ("", "contexts: [{name: a}]", NoKubeconfig, "no context is named for the source"),
        ("", "canary: [", NoKubeconfig, "is no kubeconfig"),
        ("", "just words canary", NoKubeconfig, "is no kubeconfig"),
        ("sourse: {context: a}\n", None, Usage, "unknown key sourse"),
        ("source: {contxt: a}\n", None, Usage, r"unknown key source\.contxt"),
        ("source: [a]\n", None, Usage, "a mapping of source and target is wanted"),
        ("source: {context: 'canary\n", None, Usage, r"portkey\.yaml:2:1: not YAML"),
    ],
)
def test_a_fault_is_one_clear_error_that_quotes_no_secret(
    tmp_path: Path, file: str, config: str | None, error: type[MigrateError], words: str
) -> None:
    """What is wrong and where; a kubeconfig's own text never shows."""
    if file:
        own_file(tmp_path, file)
    if config is not None:
        (tmp_path / ".kube").mkdir()
        (tmp_path / ".kube" / "config").write_text(config, encoding="utf-8")
    with pytest.raises(error, match=words) as caught:
        load_settings("portkey", Given(), environ={"HOME": str(tmp_path)}).contexts()
    assert caught.value.exit == 2
    assert "canary" not in caught.value.what + caught.value.why
