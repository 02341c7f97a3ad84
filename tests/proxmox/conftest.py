"""Proxmox over a real wire: HTTPS on loopback, answered by the lab's hypervisor, whose errors stand in the reason phrase as Proxmox's do."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.lab import worlds
from portkey_migrate.lab.api.message import Request
from portkey_migrate.lab.pve import Pve, pve
from portkey_migrate.lab.world import World
from portkey_migrate.ports import Reply
from portkey_migrate.systems.proxmox import Proxmox

PEM = Path(__file__).parents[1] / "systems" / "loopback.pem"
#: SHA-256 of the certificate in that file.
FINGERPRINT = "52:30:BB:B5:97:D5:13:BE:C3:74:3E:2E:D8:C0:AD:CD:91:BF:01:9A:BC:6D:64:1F:B1:7E:AC:8F:B3:A0:66:6A"

Break = Callable[[BaseHTTPRequestHandler], None]


def cut(handler: BaseHTTPRequestHandler) -> None:
    """The connection is reset under the caller."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def fails(status: int, reason: str) -> Break:
    """An answer of the proxy before Proxmox: a reason phrase and no body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status, reason)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Host:
    """The server, its world, and who asked what. The world's time is the caller's: it moves when he sleeps."""

    world: World
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    breaks: list[tuple[str, bool, Break]] = field(default_factory=list)  # method, after it had its effect, what comes instead of the answer

    @property
    def pve(self) -> Pve:
        return pve(self.world)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.world.now, tz=UTC)

    def monotonic(self) -> float:
        return self.world.now

    def sleep(self, seconds: float) -> None:
        self.world.run_until(self.world.now + seconds)

    def connect(self, host: str, port: int, timeout: float) -> None:
        """None: the real network, with its TLS."""

    def fetch(self, address: str, host: str, path: str, timeout: float) -> Reply:
        raise NotImplementedError

    def client(self, *, fingerprint: str = FINGERPRINT, token: str = "") -> Proxmox:
        return Proxmox(f"https://127.0.0.1:{self.port}", token or self.pve.secret, self, self, fingerprint=fingerprint)

    def posts(self) -> list[Asked]:
        return [one for one in self.asked if one.method != "GET"]

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.asked.append(Asked(handler.command, handler.path, {key.lower(): value for key, value in handler.headers.items()}, body.decode()))
        broken = next((one for one in self.breaks if one[0] == handler.command), None)
        if broken is not None:
            self.breaks.remove(broken)
        if broken is not None and not broken[1]:
            broken[2](handler)
            return
        reply = self.pve.handle(Request.of(handler.command, handler.path, dict(handler.headers.items()), body))
        if broken is not None:
            broken[2](handler)
            return
        handler.send_response(reply.status, reply.reason)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        handler.wfile.write(reply.body)


@pytest.fixture
def host() -> Iterator[Host]:
    """Listening while the test runs."""
    this = Host(worlds.make("portkey", 5))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body go apart: else each answer waits 40 ms for an acknowledgement

        def handle_any(self) -> None:
            this.serve(self)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 - names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Tests keep their own record."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A caller that hung up is what some tests are about."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    this.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield this
    finally:
        server.shutdown()
        server.server_close()
