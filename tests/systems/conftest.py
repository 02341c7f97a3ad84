"""An API server of a test's own: scripted answers on loopback, every request kept."""

from __future__ import annotations

import base64
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.ports import Reply
from portkey_migrate.systems.kube import Kube
from portkey_migrate.systems.settings import KubeContext

PEM = Path(__file__).parent / "loopback.pem"


@dataclass
class Asked:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class StillClock:
    """Time that passes only by sleeping."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 1, 10, 8, tzinfo=UTC)

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


Answer = Callable[[BaseHTTPRequestHandler], None]


def answers(status: int, body: Any = None, *, lines: bool = False) -> Answer:
    """A JSON answer; with `lines`, each element one line of a chunked stream, the last one ends it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if lines:
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            for line in [*(json.dumps(one).encode() + b"\n" for one in body), b""]:
                handler.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                handler.wfile.flush()
            return
        raw = body.encode() if isinstance(body, str) else json.dumps(body if body is not None else {}).encode()
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    return answer


def status_of(code: int, reason: str, message: str, **details: str) -> Answer:
    return answers(code, {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message, "details": details})


def cut(handler: BaseHTTPRequestHandler) -> None:
    """The connection is reset under the caller."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


@dataclass
class Api:
    """Scripted: for a method and a path the answers in turn, the last one for ever. What nobody scripted is 404."""

    folder: Path
    clock: StillClock = field(default_factory=StillClock)
    asked: list[Asked] = field(default_factory=list)
    script: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    peers: dict[str, Kube] = field(default_factory=dict)
    hold: threading.Event = field(default_factory=threading.Event)  # what `never` waits for

    def on(self, method: str, path: str, *given: Answer) -> None:
        self.script[method, path] = list(given)

    def never(self, handler: BaseHTTPRequestHandler) -> None:
        """No answer until the test is over."""
        self.hold.wait(10)
        handler.close_connection = True

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        assert (host, port) == ("source.lab", 6443)
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def fetch(self, address: str, host: str, path: str, timeout: float) -> Reply:
        raise NotImplementedError

    def kube(self, side: str = "source", *, key: bytes = b"lineage") -> Kube:
        self.peers[side] = Kube(side, KubeContext(str(self.kubeconfig()), "k3s"), self, self.clock, hmac_key=key, peers=self.peers)
        return self.peers[side]

    def kubeconfig(self, server: str = "https://source.lab:6443", *, ca: bool = True) -> Path:
        cluster = {"server": server} | ({"certificate-authority-data": base64.b64encode(PEM.read_bytes()).decode()} if ca else {})
        text = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "canary-token"}}],
            "contexts": [{"name": "k3s", "context": {"cluster": "c", "user": "u"}}],
        }
        path = self.folder / "kubeconfig"
        path.write_text(json.dumps(text), encoding="utf-8")
        return path

    port: int = 0

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        path, _, query = handler.path.partition("?")
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length)) if length else None
        self.asked.append(Asked(handler.command, path, query, {name.title(): value for name, value in handler.headers.items()}, body))
        given = self.script.get((handler.command, path)) or next(
            (v for (m, p), v in self.script.items() if m == handler.command and re.fullmatch(p, path)), None
        )
        if given is None:
            status_of(404, "NotFound", f"{path} not found", name=path.rpartition("/")[2])(handler)
            return
        (given.pop(0) if len(given) > 1 else given[0])(handler)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """The server, listening on loopback while the test runs."""
    this = Api(tmp_path)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            this.serve(self)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Tests keep their own record."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A caller that hung up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    this.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield this
    finally:
        for kube in this.peers.values():
            kube.close()
        this.hold.set()
        server.shutdown()
        server.server_close()
