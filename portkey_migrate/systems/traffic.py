"""What a person's browser would get: one GET over TLS to an address, under a name, without DNS.

The certificate is reported and not judged: whether it is the right one is a check's question (that it equals the source's own), and a
refused handshake would hide the answer.
"""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import time
from typing import cast

from portkey_migrate import __version__
from portkey_migrate.ports import Reply

_SHOWN = 65536
_HTTPS = 443


def fetch(address: str, host: str, path: str, timeout: float) -> Reply:
    """One GET, redirects not followed. `address`: an IP, with `:port` where it is not 443. Status 0 and `error` where no answer came."""
    ip, _, port = address.partition(":")
    deadline = time.monotonic() + timeout
    certificate = ""
    try:
        with (
            socket.create_connection((ip, int(port or _HTTPS)), timeout) as plain,
            _any_certificate().wrap_socket(plain, server_hostname=host) as tls,
        ):
            der = tls.getpeercert(binary_form=True)
            certificate = hashlib.sha256(der).hexdigest() if der else ""
            request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: portkey-migrate/{__version__}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
            tls.sendall(request.encode())
            response = http.client.HTTPResponse(cast("socket.socket", tls), method="GET")
            response.begin()
            body = b""
            while len(body) < _SHOWN:
                tls.settimeout(max(0.001, deadline - time.monotonic()))
                part = response.read1(_SHOWN - len(body))
                if not part:
                    break
                body += part
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, body, certificate)
    except TimeoutError:
        return Reply(0, {}, b"", certificate, f"no answer within {timeout:.0f} s")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Reply(0, {}, b"", certificate, f"{type(error).__name__}: {error}"[:200])


def _any_certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
