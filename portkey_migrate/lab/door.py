"""The lab's door: HTTPS listeners for guests (kubectl, a browser, the contract suite), in the loop of whoever owns the world.

A guest is answered at the world's present moment and never holds its clock; only the owner of the loop moves time. The tool does not
come through here: it has its own socket, with a clock (lab.md 5, 6).

    door = Door(world, selector)              listens at once: door.ports["source"]
    for key, mask in selector.select(): key.data.ready(mask)      what the loop does with every socket of the door; `key.data()` does as well
    door.pump()                               after anything in the world may have changed, or time has moved: open watches are told
    door.waits_until()                        when an open watch with a time-out ends: the owner may move time there
"""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path

from portkey_migrate.lab.api import Request, Response, Watch, handle
from portkey_migrate.lab.api.message import Ground
from portkey_migrate.lab.certificate import Certificate, made

_CHUNK = 65536
_HEAD_LIMIT = 65536
_REASONS = {
    200: "OK", 201: "Created", 307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",  # noqa: E501 - one text or table row, as it is read
    409: "Conflict", 410: "Gone", 413: "Request Entity Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Entity", 429: "Too Many Requests",  # noqa: E501 - one text or table row, as it is read
    500: "Internal Server Error", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip
_PLAIN = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


class Door:
    """One listener a cluster, on loopback, each with a free port and one certificate for all."""

    def __init__(self, world: Ground, selector: selectors.BaseSelector, ports: Mapping[str, int] | None = None) -> None:
        self.world, self.selector = world, selector
        self.certificate: Certificate = made(("lab", "localhost", *(f"{cluster}.lab" for cluster in world.store.objects)))
        self.context = _context(self.certificate)
        self.guests: dict[Guest, None] = {}
        self.listeners = [_Listener(self, cluster, (ports or {}).get(cluster, 0)) for cluster in world.store.objects]
        self.ports = {one.cluster: one.socket.getsockname()[1] for one in self.listeners}

    def pump(self) -> None:
        """Tells every open watch what it has not been told, and ends those whose time is up."""
        for guest in list(self.guests):
            guest.tell()

    def waits_until(self) -> float | None:
        """The earliest end of an open watch that named one."""
        ends = [guest.watch.until for guest in self.guests if guest.watch is not None and guest.watch.until is not None]
        return min(ends, default=None)

    def kubeconfig(self, cluster: str, token: str) -> str:
        """A kubeconfig for one cluster, as JSON (which is YAML)."""
        import base64

        authority = base64.b64encode(self.certificate.pem.encode()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": cluster,
            "clusters": [
                {"name": cluster, "cluster": {"server": f"https://127.0.0.1:{self.ports[cluster]}", "certificate-authority-data": authority}}
            ],
            "users": [{"name": cluster, "user": {"token": token}}],
            "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        }
        return json.dumps(config, indent=2) + "\n"

    def close(self) -> None:
        for guest in list(self.guests):
            guest.leave()
        for one in self.listeners:
            self.selector.unregister(one.socket)
            one.socket.close()
        self.listeners = []


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # ssl reads files alone
        cert, key = Path(folder, "cert.pem"), Path(folder, "key.pem")
        cert.write_text(certificate.pem)
        key.touch(mode=0o600)
        key.write_text(certificate.key_pem)
        context.load_cert_chain(cert, key)
    return context


class _Listener:
    def __init__(self, door: Door, cluster: str, port: int) -> None:
        self.door, self.cluster = door, cluster
        self.socket = socket.create_server(("127.0.0.1", port))
        self.socket.setblocking(False)  # noqa: FBT003 - the socket library's own signature
        door.selector.register(self.socket, selectors.EVENT_READ, self)

    def __call__(self) -> None:
        self.ready(selectors.EVENT_READ)

    def ready(self, mask: int) -> None:
        del mask
        try:
            raw, _ = self.socket.accept()
        except OSError:
            return  # gone again before it was let in
        Guest(self.door, self.cluster, raw)


class Guest:
    """One connection: requests in turn, keep-alive, and at most one watch, which is its last."""

    def __init__(self, door: Door, cluster: str, raw: socket.socket) -> None:
        self.door, self.cluster, self.raw = door, cluster, raw
        raw.setblocking(False)  # noqa: FBT003 - the socket library's own signature
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.arrived, self.leaves = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = door.context.wrap_bio(self.arrived, self.leaves, server_side=True)
        self.spoken = False  # the handshake is over
        self.read = b""
        self.unsent = b""
        self.watch: Watch | None = None
        self.last = False  # closes once everything is sent
        door.guests[self] = None
        door.selector.register(raw, selectors.EVENT_READ, self)

    def __call__(self) -> None:
        self.ready(selectors.EVENT_READ | selectors.EVENT_WRITE)

    def ready(self, mask: int) -> None:
        try:
            if mask & selectors.EVENT_READ:
                self._hear()
            self._flush()
        except (OSError, ssl.SSLError):
            self.leave()

    def leave(self) -> None:
        if self in self.door.guests:
            del self.door.guests[self]
            self.door.selector.unregister(self.raw)
            self.raw.close()

    def tell(self) -> None:
        """The open watch's new lines; its clean end when its time is up."""
        if self.watch is None:
            return
        lines = self.watch.take()
        if lines:
            self._say(b"%x\r\n%s\r\n" % (len(lines), lines))
        if self.watch.ended or (self.watch.until is not None and self.door.world.now >= self.watch.until):
            self._say(b"0\r\n\r\n")
            self.watch, self.last = None, True
        try:
            self._flush()
        except (OSError, ssl.SSLError):
            self.leave()

    # ---- inside ----

    def _hear(self) -> None:
        try:
            data = self.raw.recv(_CHUNK)
        except BlockingIOError:
            return  # the loop does not say what it woke for
        if not data:
            self.leave()
            return
        if not self.spoken and not self.read and data[:1].isalpha():
            self.raw.send(_PLAIN)  # measured: plain HTTP to an HTTPS port is told so
            self.leave()
            return
        self.arrived.write(data)
        try:
            if not self.spoken:
                self.tls.do_handshake()
                self.spoken = True
            while True:
                more = self.tls.read(_CHUNK)
                if not more:
                    self.last = True
                    break
                self.read += more
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.last = True
        self._answer()

    def _answer(self) -> None:
        while self.watch is None and not self.last:
            taken = _parsed(self.read)
            if taken is None:
                if len(self.read) > _HEAD_LIMIT and b"\r\n\r\n" not in self.read:
                    self.leave()
                return
            method, target, headers, body, self.read = taken
            answer = handle(self.door.world, self.cluster, Request.of(method, target, headers, body))
            close = headers.get("connection", "").lower() == "close"
            if isinstance(answer, Watch):
                self._say(_head(200, {**answer.headers, "Transfer-Encoding": "chunked"}))
                self.watch = answer
            else:
                self._respond(answer, bare=method == "HEAD", close=close)
            self.door.pump()  # what was written now is news for every open watch, this one too

    def _respond(self, answer: Response, *, bare: bool, close: bool) -> None:
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        if close:
            headers["Connection"] = "close"
            self.last = True
        self._say(_head(answer.status, headers) + (b"" if bare else answer.body))

    def _say(self, data: bytes) -> None:
        self.tls.write(data)

    def _flush(self) -> None:
        self.unsent += self.leaves.read()
        while self.unsent:
            try:
                sent = self.raw.send(self.unsent)
            except BlockingIOError:
                break
            self.unsent = self.unsent[sent:]
        if self not in self.door.guests:
            return
        if self.last and not self.unsent:
            self.leave()
            return
        self.door.selector.modify(self.raw, selectors.EVENT_READ | (selectors.EVENT_WRITE if self.unsent else 0), self)


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join((*lines, "", "")).encode()


def _parsed(data: bytes) -> tuple[str, str, dict[str, str], bytes, bytes] | None:
    """The first whole request of a stream and what follows it; None until it is whole."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, *_ = [*first.split(" "), ""]
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            size_line, end, rest = rest.partition(b"\r\n")
            if not end:
                return None
            size = int(size_line.split(b";")[0], 16)
            if len(rest) < size + 2:
                return None
            body, rest = body + rest[:size], rest[size + 2 :]
            if size == 0:
                return method, target, headers, body, rest
    size = int(headers.get("content-length", "0") or 0)
    if len(rest) < size:
        return None
    return method, target, headers, rest[:size], rest[size:]
