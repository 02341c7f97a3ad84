"""One connection to an API server, by a kubeconfig: the standard library and nothing of ours, so that both servers are asked alike."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import yaml

MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"


class Answer(NamedTuple):
    status: int
    body: Any  # JSON where it is JSON, else text
    headers: dict[str, str]  # lower-case names

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))

    @property
    def version(self) -> str:
        return str(self.body["metadata"]["resourceVersion"])


class Api:
    """The cluster that a kubeconfig's current context names."""

    def __init__(self, kubeconfig: Path, *, token: str | None = None) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        context = next(one["context"] for one in config["contexts"] if one["name"] == config["current-context"])
        cluster = next(one["cluster"] for one in config["clusters"] if one["name"] == context["cluster"])
        user = next(one["user"] for one in config["users"] if one["name"] == context["user"])
        where = urlsplit(cluster["server"])
        self.host, self.port = where.hostname or "", where.port or 443
        self.kubeconfig = kubeconfig
        self.token = user.get("token", "") if token is None else token
        self.tls = ssl.create_default_context(cafile=cluster.get("certificate-authority"), cadata=_text(cluster, "certificate-authority-data"))
        if cluster.get("insecure-skip-tls-verify"):
            self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
        if token is None and "client-certificate-data" in user:
            with tempfile.TemporaryDirectory() as folder:  # ssl reads files alone
                pair = [Path(folder, name) for name in ("cert", "key")]
                for path, name in zip(pair, ("client-certificate-data", "client-key-data"), strict=True):
                    path.write_text(_text(user, name) or "")
                self.tls.load_cert_chain(str(pair[0]), str(pair[1]))
        elif token is None and "client-certificate" in user:
            self.tls.load_cert_chain(user["client-certificate"], user["client-key"])
        self._kept: http.client.HTTPSConnection | None = None

    @contextmanager
    def as_user(self, token: str) -> Iterator[Api]:
        """The same server, another bearer token; "" for none."""
        one = Api(self.kubeconfig, token=token)
        try:
            yield one
        finally:
            one.close()

    def __call__(
        self, method: str, path: str, body: Any = None, *, content: str = "application/json", raw: bytes | None = None, **query: Any
    ) -> Answer:
        if self._kept is None:
            self._kept = self._connection()
        sent = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        try:
            self._kept.request(method, _target(path, query), sent, self._headers(content))
            said = self._kept.getresponse()
        except (http.client.HTTPException, ConnectionError, ssl.SSLEOFError):
            self.close()  # a kept connection may have been closed by the other end meanwhile
            self._kept = self._connection()
            self._kept.request(method, _target(path, query), sent, self._headers(content))
            said = self._kept.getresponse()
        text = said.read()
        headers = {key.lower(): value for key, value in said.getheaders()}
        if said.will_close:
            self.close()
        return Answer(said.status, json.loads(text) if "json" in headers.get("content-type", "") else text.decode(), headers)

    def get(self, path: str, **query: Any) -> Answer:
        return self("GET", path, **query)

    def post(self, path: str, body: Any, **query: Any) -> Answer:
        return self("POST", path, body, **query)

    def put(self, path: str, body: Any, **query: Any) -> Answer:
        return self("PUT", path, body, **query)

    def merge(self, path: str, body: Any, **query: Any) -> Answer:
        return self("PATCH", path, body, content=MERGE, **query)

    def delete(self, path: str, body: Any = None, **query: Any) -> Answer:
        return self("DELETE", path, body, **query)

    @contextmanager
    def watch(self, path: str, **query: Any) -> Iterator[Watching]:
        """An open watch on a connection of its own."""
        raw = socket.create_connection((self.host, self.port), timeout=30)
        with self.tls.wrap_socket(raw, server_hostname=self.host) as sock:
            lines = [f"GET {_target(path, {'watch': 'true', **query})} HTTP/1.1", f"Host: {self.host}:{self.port}"]
            lines += [f"{name}: {value}" for name, value in self._headers("application/json").items()]
            sock.sendall("\r\n".join((*lines, "", "")).encode())
            yield Watching(sock)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.host, self.port, timeout=30, context=self.tls)

    def _headers(self, content: str) -> dict[str, str]:
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Accept": "application/json", "Content-Type": content, **given}


class Watching:
    """What an open watch has said so far. Reads its socket itself, because a look must never wait for the next line."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self.sock = sock
        self.unread = b""
        self.text = b""
        self.status = 0
        self.seen: list[dict[str, Any]] = []
        self.over = False

    def look(self) -> list[dict[str, Any]]:
        """All events until now. Waits a moment for one, never for the next fact."""
        self.sock.settimeout(0.25 if self.status else 5.0)
        try:
            while not self.over and (data := self.sock.recv(65536)):
                self.unread += data
                self._read()
                self.sock.settimeout(0.03)
            self.over = True
        except TimeoutError:
            pass
        return self.seen

    def _read(self) -> None:
        if not self.status:
            head, end, rest = self.unread.partition(b"\r\n\r\n")
            if not end:
                return
            self.status, self.unread = int(head.split()[1]), rest
        while True:
            size, end, rest = self.unread.partition(b"\r\n")
            if not end or len(rest) < int(size, 16) + 2:
                break
            many = int(size, 16)
            self.text, self.unread = self.text + rest[:many], rest[many + 2 :]
            if not many:
                self.over = True
                break
        *lines, self.text = self.text.split(b"\n")
        self.seen += [json.loads(line) for line in lines if line.strip()]

    @property
    def types(self) -> list[str]:
        """ADDED, MODIFIED …, without bookmarks."""
        return [event["type"] for event in self.look() if event["type"] != "BOOKMARK"]


def _target(path: str, query: dict[str, Any]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _text(holder: dict[str, Any], name: str) -> str | None:
    return base64.b64decode(holder[name]).decode() if name in holder else None
