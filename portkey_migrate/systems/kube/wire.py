"""One request, one answer: the only home of `kubernetes` and `urllib3`.

The client has no default time-out and re-sends PUT and DELETE by itself (measured): here every request has its two time-outs and is sent
once, over a connection that the client's pool lends (docs/decisions/0014). A pool belongs to one thread: the wire may be a lab's, where a
connection belongs to who opened it.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.kube_config import load_kube_config
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_match_hostname import CertificateError

from portkey_migrate import __version__
from portkey_migrate.errors import NoKubeconfig
from portkey_migrate.ports import Clock, Transport

CONNECT = 5.0  # seconds until a connection stands
_AS_IT_IS = "/?%:@!$&'()*+,;=~"  # of a path that may be an app's own, a query in it and what is quoted already included
FRESH = 30.0  # seconds for which credentials are used before the kubeconfig is asked again (an exec plugin may give new ones)
MERGE_PATCH = "application/merge-patch+json"
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


class NoAnswer(Exception):
    """No whole answer came. `late`: it was waited for until the time-out; else the connection was refused, reset or cut."""

    def __init__(self, how: str, *, late: bool) -> None:
        super().__init__(how)
        self.how, self.late = how, late


@dataclass(frozen=True)
class Answered:
    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 (HTTP's own numbers)

    @property
    def json(self) -> Any:
        """The body as JSON; an empty mapping where it is none (an unknown API group answers in plain text)."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def reason(self) -> str:
        said = self.json
        return str(said.get("reason") or "") if isinstance(said, dict) and said.get("kind") == "Status" else ""

    @property
    def of_an_object(self) -> bool:
        """Of a 404: whether it says that an object is not there. It names it then; of a kind that is not served nothing is named (measured)."""
        said = self.json
        return isinstance(said, dict) and bool((said.get("details") or {}).get("name"))

    @property
    def message(self) -> str:
        """Status.message, cut: a body may be a Secret, the message of a Status is what the server means people to read."""
        said = self.json
        return str(said.get("message") or "")[:300] if isinstance(said, dict) and said.get("kind") == "Status" else ""


class Wire:
    """One cluster's API as its kubeconfig says, over the real network or over what `transport` gives in its place."""

    def __init__(self, kubeconfig: str, context: str, transport: Transport, clock: Clock) -> None:
        self._configuration = _configured(kubeconfig, context, clock)
        self._transport = transport
        self._own = threading.local()
        self.host = str(self._configuration.host)
        if self._configuration.proxy and self.host.startswith("http://"):
            raise NoKubeconfig(f"context {context}: {self.host} is behind a proxy and without TLS", why="the proxy would be sent the token")
        self._path = urlsplit(self.host).path.rstrip("/")  # of a server behind a path: https://rancher.example/k8s/clusters/c-1

    @property
    def ca_sha256(self) -> str:
        """SHA-256 over the DER of every CA certificate that the kubeconfig trusts; "" where it names none."""
        path = self._configuration.ssl_ca_cert
        if not path:
            return ""
        found = _PEM.findall(Path(path).read_text(encoding="ascii", errors="replace"))
        return hashlib.sha256(b"".join(base64.b64decode("".join(one.split())) for one in found)).hexdigest() if found else ""

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: str = "application/json",
        timeout: float,
    ) -> Answered:
        """One request and its whole answer; raises `NoAnswer`. `timeout`: seconds without a byte."""
        connection = None
        try:
            asked = self._headers({"Accept": "application/json", **(headers or {}), **({"Content-Type": content} if body is not None else {})})
            connection = self._pool().lend()
            with self._exchange(connection, method, self._target(path, query or {}), body, asked, timeout) as reply:
                answered = Answered(reply.status, reply.read())
        except BaseException as error:  # noqa: BLE001 (raised again below, by its name where it has one)
            if connection is not None:
                self._pool().drop(connection)
            raise _told(error) from None
        self._pool().give_back(connection)
        return answered

    def lines(self, path: str, query: Mapping[str, str], timeout: float) -> Iterator[dict[str, Any]]:
        """The events of one watch as they come; ends when the server ends it, raises `NoAnswer` for anything else than 200 or a broken wire."""
        # A connection of its own: the look after the event then finds the kept one open, and pays for no handshake inside an outage.
        own = None
        try:
            own = self._pool().unshared()
            with self._exchange(own, "GET", self._target(path, query), None, self._headers({"Accept": "application/json"}), timeout) as reply:
                if reply.status != 200:  # noqa: PLR2004 (HTTP's own number)
                    raise NoAnswer(f"{reply.status}", late=False)  # noqa: TRY301 (the connection ends below, whatever was wrong)
                rest = b""
                # read1 gives what has come; read would wait for a full buffer and hold an event back.
                while part := reply.read1(65536):
                    *whole, rest = (rest + part).split(b"\n")
                    for line in whole:
                        with suppress(ValueError):
                            yield json.loads(line)
        except Exception as error:  # noqa: BLE001 (as above)
            raise _told(error) from None
        finally:
            if own is not None:
                own.close()

    def close(self) -> None:
        """This thread's connections."""
        if getattr(self._own, "pool", None) is not None:
            self._own.pool.close()
            self._own.pool = None

    def _headers(self, more: Mapping[str, str]) -> Mapping[str, str]:
        token = (self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or "").strip()  # a tokenFile ends with a newline
        return {"User-Agent": f"portkey-migrate/{__version__}", **({"authorization": token} if token else {}), **more}

    def _target(self, path: str, query: Mapping[str, str]) -> str:
        return quote(f"{self._path}{path}", safe=_AS_IT_IS) + (f"?{urlencode(query)}" if query else "")

    def _exchange(
        self, connection: Any, method: str, target: str, body: Mapping[str, Any] | None, headers: Mapping[str, str], timeout: float
    ) -> closing[HTTPResponse]:
        """One request and the head of its answer, by the standard library (docs/decisions/0014). An error is for whoever lent the connection."""
        if connection.is_closed:
            self._pool().open(connection)
        connection.sock.settimeout(timeout)
        try:
            HTTPConnection.request(connection, method, target, None if body is None else json.dumps(body).encode(), headers)
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise  # else it may have answered before it closed (a 413): what it said is read, if anything
        return closing(HTTPConnection.getresponse(connection))  # of one that ends with its connection, the connection no longer knows

    def _pool(self) -> Any:
        """This thread's connections to the cluster, as the client makes them of its kubeconfig."""
        if getattr(self._own, "pool", None) is None:
            pools = ApiClient(self._configuration).rest_client.pool_manager
            pools.pool_classes_by_scheme = {"http": _Lending, "https": pool_over(self._transport)}
            self._own.pool = pools.connection_from_url(self.host)
        return self._own.pool


def _configured(kubeconfig: str, context: str, clock: Clock | None = None) -> Any:
    configuration = type.__call__(Configuration)  # not Configuration(): it copies whatever another client made the default
    try:
        load_kube_config(  # type: ignore[no-untyped-call]  # kubernetes.config has no types
            config_file=kubeconfig, context=context, client_configuration=configuration, persist_config=False
        )
    except ConfigException:
        raise NoKubeconfig(f"context {context} of {kubeconfig} cannot be used", hint="kubectl config get-contexts") from None
    configuration.retries = False
    hook = configuration.refresh_api_key_hook
    if hook is not None and clock is not None:
        configuration.refresh_api_key_hook = _seldom(hook, clock)
    return configuration


def _seldom(hook: Callable[[Any], None], clock: Clock) -> Callable[[Any], None]:
    """The library reads the user's credentials anew before each request, a fifth of what a call costs; a token lives for minutes at least."""
    last: list[float] = []

    def refresh(configuration: Any) -> None:
        now = clock.monotonic()
        if not last or now - last[0] > FRESH:
            hook(configuration)
            configuration.refresh_api_key_hook = refresh  # the hook puts itself back
            last[:] = [now]

    return refresh


class _Lending(HTTPConnectionPool):
    """A pool whose connections are lent out: it knows the kubeconfig's TLS, drops what the server has closed, and closes all at the end."""

    def lend(self) -> Any:
        """The kept one, open or not."""
        return self._get_conn()

    def give_back(self, connection: Any) -> None:
        """After a whole answer."""
        self._put_conn(connection)

    def drop(self, connection: Any) -> None:
        """One that was left in the middle: half a request in its buffer would go out before the next."""
        connection.close()
        self._put_conn(None)

    def unshared(self) -> Any:
        """A new one, which its borrower closes."""
        return self._new_conn()

    def open(self, connection: Any) -> None:
        """Connects it, through the proxy where there is one; warns of a server that nothing vouches for."""
        connection.timeout = CONNECT
        if self.proxy is not None:
            self._prepare_proxy(connection)
        self._validate_conn(connection)
        if connection.is_closed:
            connection.connect()  # without TLS there was nothing to validate


def pool_over(transport: Transport) -> type[HTTPSConnectionPool]:
    class Connection(HTTPSConnection):
        """A connection that the transport may give; where it gives none, the real network and its TLS."""

        given = False

        def connect(self) -> None:
            try:
                sock = transport.connect(self.host, self.port or 443, float(self.timeout or CONNECT))
            except TimeoutError:
                raise urllib3.exceptions.ConnectTimeoutError(self, f"{self.host} timed out") from None
            except OSError as error:
                raise urllib3.exceptions.NewConnectionError(self, f"{self.host}: {error}") from None
            if sock is None:
                super().connect()
                return
            # It carries plain HTTP to that API already: no TLS below, and no warning about it.
            self.sock, self.given, self.is_verified = sock, True, True

        @property
        def is_connected(self) -> bool:
            return self.sock is not None if self.given else super().is_connected

    class Pool(_Lending, HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


def _told(error: BaseException) -> BaseException:
    """What ended an exchange, as `NoAnswer`; itself where it is none of the wire's errors."""
    match error:
        case urllib3.exceptions.NewConnectionError():  # one of its time-outs by class, though nobody waited
            return NoAnswer(_first_line(error), late=False)
        case urllib3.exceptions.TimeoutError() | TimeoutError():
            return NoAnswer("timed out", late=True)
        case urllib3.exceptions.HTTPError() | HTTPException() | OSError() | CertificateError():
            return NoAnswer(_first_line(error), late=False)
        case ValueError():  # its text quotes the header, and the token with it
            return NoAnswer("what the kubeconfig says cannot be sent as a header", late=False)
    return error


def _first_line(error: BaseException) -> str:
    """The kind of the error and its cause: the wire's own errors hold no body."""
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
